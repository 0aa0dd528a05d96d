/** Names of key types, as JWK `crv` has them. */
export type Algorithm = "Ed25519" | "P-256" | "secp256k1";

/** What signs: one file of this folder per suite, one line each in the registry. */
export type SignatureSuite = SuiteOf<Algorithm, "EdDSA" | "ES256" | "ES256K">;

/** A suite by the names that it goes by. */
export interface SuiteOf<Name extends string, Jose extends string> {
  readonly algorithm: Name;
  /** JOSE `alg` (RFC 8037 §3.1, RFC 7518 §3.4, RFC 8812 §3.2). */
  readonly jose: Jose;
  /** Multicodec prefix of a public key, as Multikey has it. */
  readonly multicodec: readonly [number, number];
  /** Bytes of a public key (points compressed). */
  readonly publicKeyLength: number;
  /** Public key of a secret: 32 bytes, of P-384 48. */
  publicKey(secret: Uint8Array): Uint8Array;
  /** Whether the bytes are a public key of this suite. */
  isPublicKey(bytes: Uint8Array): boolean;
  /** 64 bytes, of P-384 96. */
  sign(data: Uint8Array, secret: Uint8Array): Uint8Array;
  /** `sign` for a secret that signs many times; it keeps what it derives from the secret, which cannot be wiped. */
  signer(secret: Uint8Array): (data: Uint8Array) => Uint8Array;
  verify(data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
  /** A fresh secret. */
  generate(): Uint8Array;
}
