import { concatBytes, decodeBase64Url, equalBytes, type JsonObject, Lru } from "#base";
import { type EcCurve, p384, readMultikey, SUITES, type SuiteOf, uncompressPoint, writeMultikey } from "#crypto";
import type { CredentialAlgorithm, CredentialSigner, VerificationKey } from "./keys.ts";

/** The key itself, whoever's it is. */
export type CredentialKey = Pick<VerificationKey, "algorithm" | "publicKey">;

/** A suite of keys that sign credentials. */
export type CredentialSuite = SuiteOf<CredentialAlgorithm, string>;

/** All of them: those of transactions, and P-384. */
export const CREDENTIAL_SUITES: readonly CredentialSuite[] = [...SUITES, p384];
const byAlgorithm = new Map(CREDENTIAL_SUITES.map((suite) => [suite.algorithm, suite]));

/** The suite of a key type. */
export function credentialSuiteOf(algorithm: CredentialAlgorithm): CredentialSuite {
  return byAlgorithm.get(algorithm) as CredentialSuite;
}

/** Whether the signature over the data is this key's. */
export function checkSignature(key: CredentialKey, data: Uint8Array, signature: Uint8Array): boolean {
  return credentialSuiteOf(key.algorithm).verify(data, signature, key.publicKey);
}

/** `z…`: Multikey of a key that signs credentials, P-384 included (Controlled Identifiers 1.0 §2.2.2). */
export function encodeCredentialKey({ algorithm, publicKey }: CredentialKey): string {
  return writeMultikey(credentialSuiteOf(algorithm), publicKey);
}

/** Decoding checks the point and is quadratic in base58. */
const decoded = new Lru<string, CredentialKey>(4096);

/** Key of a Multikey text; `undefined` where it is none, of a foreign type, or not in its one spelling. */
export function decodeCredentialKey(text: string): CredentialKey | undefined {
  const known = decoded.get(text);
  if (known !== undefined) return known;
  const read = readMultikey(text, CREDENTIAL_SUITES);
  if (read === undefined) return undefined;
  const key: CredentialKey = { algorithm: read.suite.algorithm, publicKey: read.bytes };
  decoded.set(text, key);
  return key;
}

/** Key of a public JWK (RFC 7517); `undefined` where it is none, holds a secret, or is of a foreign type. */
export function decodeCredentialJwk(jwk: JsonObject): CredentialKey | undefined {
  const { kty, crv, x, y } = jwk;
  // Whoever publishes a secret has lost the key, and a relying party must not overlook that (Controlled Identifiers 1.0 §2.2.3).
  if ("d" in jwk || typeof crv !== "string" || typeof x !== "string") return undefined;
  const bytes = decodeBase64Url(x);
  if (bytes === undefined) return undefined;
  if (kty === "OKP" && crv === "Ed25519")
    return bytes.length === 32 ? { algorithm: "Ed25519", publicKey: bytes } : undefined;
  if (kty !== "EC" || typeof y !== "string" || (crv !== "P-256" && crv !== "P-384" && crv !== "secp256k1"))
    return undefined;
  return compressPoint(crv, bytes, decodeBase64Url(y));
}

function compressPoint(curve: EcCurve, x: Uint8Array, y: Uint8Array | undefined): CredentialKey | undefined {
  if (y === undefined || y.length === 0) return undefined;
  const publicKey = concatBytes(Uint8Array.of(2 + ((y[y.length - 1] as number) & 1)), x);
  const point = uncompressPoint(curve, publicKey);
  // The parity alone would take any y of it.
  if (point === undefined || !equalBytes(point.subarray(1 + x.length), y)) return undefined;
  return { algorithm: curve, publicKey };
}

/** What signs, and whose name it signs in; a `did:key` where no name is given. */
export interface SignerNames {
  /** DID URL of the verification method. */
  readonly id?: string;
  readonly controller?: string;
}

/**
 * A signer of credentials over what signs, such as a key store's signer.
 *
 * @param names - both, or neither: then it speaks as the `did:key` of its public key
 * @example
 * ```ts
 * const signer = credentialSigner(keys.signer("issuer"), { id: `${did}#${fingerprint}`, controller: did });
 * ```
 */
export function credentialSigner(
  signer: CredentialKey & { sign(data: Uint8Array): Uint8Array },
  { id, controller }: SignerNames = {},
): CredentialSigner {
  const text = encodeCredentialKey(signer);
  return {
    id: id ?? `did:key:${text}#${text}`,
    controller: controller ?? (id === undefined ? `did:key:${text}` : id.slice(0, id.indexOf("#"))),
    algorithm: signer.algorithm,
    publicKey: signer.publicKey,
    sign: (data) => signer.sign(data),
  };
}

/**
 * A signer of credentials over a secret in memory: 32 bytes, of P-384 48; a fresh one where it is left out.
 *
 * @example
 * ```ts
 * const signer = createCredentialSigner("P-384"); // speaks as a did:key
 * ```
 */
export function createCredentialSigner(
  algorithm: CredentialAlgorithm,
  { secret, ...names }: SignerNames & { readonly secret?: Uint8Array } = {},
): CredentialSigner {
  const suite = credentialSuiteOf(algorithm);
  const key = secret ?? suite.generate();
  return credentialSigner({ algorithm, publicKey: suite.publicKey(key), sign: suite.signer(key) }, names);
}
