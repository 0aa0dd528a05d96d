/** Names of key types, as JWK `crv` has them. */
export type Algorithm = "Ed25519" | "P-256" | "secp256k1";

/** What signs: one file of this folder per suite, one line each in the registry. */
export interface SignatureSuite {
  readonly algorithm: Algorithm;
  /** JOSE `alg` (RFC 8037 §3.1, RFC 7518 §3.4, RFC 8812 §3.2). */
  readonly jose: "EdDSA" | "ES256" | "ES256K";
  /** Multicodec prefix of a public key, as Multikey has it. */
  readonly multicodec: readonly [number, number];
  /** Bytes of a public key (points compressed). */
  readonly publicKeyLength: number;
  /** Public key of a 32-byte secret. */
  publicKey(secret: Uint8Array): Uint8Array;
  /** Whether the bytes are a public key of this suite. */
  isPublicKey(bytes: Uint8Array): boolean;
  /** 64 bytes. */
  sign(data: Uint8Array, secret: Uint8Array): Uint8Array;
  verify(data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
  /** A fresh 32-byte secret. */
  generate(): Uint8Array;
}
