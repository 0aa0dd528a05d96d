/** Signatures of JOSE over keys of credentials: RFC 7518 §3.4, RFC 8037, RFC 8812, RFC 9864. */
import { equalBytes } from "#base";
import { suiteOf, uncompressPoint } from "#crypto";
import type { CredentialAlgorithm, CredentialSigner, VerificationKey } from "../credentials/keys.ts";

const ALGS: Readonly<Record<CredentialAlgorithm, string>> = {
  Ed25519: "EdDSA",
  "P-256": "ES256",
  "P-384": "ES384",
  secp256k1: "ES256K",
};

/** `none` and the HMACs stand in no such list, so that no header can ask for them. `Ed25519` is EdDSA's fully specified name (RFC 9864 §2.2). */
const KEY_TYPES: ReadonlyMap<string, CredentialAlgorithm> = new Map([
  ...Object.entries(ALGS).map(([algorithm, alg]) => [alg, algorithm as CredentialAlgorithm] as const),
  ["Ed25519", "Ed25519"],
]);

/** JOSE `alg` that a key signs with. */
export function algOf(algorithm: CredentialAlgorithm): string {
  return ALGS[algorithm];
}

/** Type of the keys that a JOSE `alg` is of; `undefined` where it is none that signs credentials. */
export function algorithmOfAlg(alg: string): CredentialAlgorithm | undefined {
  return KEY_TYPES.get(alg);
}

/** A key, whoever it belongs to. */
export type BareKey = Pick<VerificationKey, "algorithm" | "publicKey">;

/** What signs, whoever speaks with it. */
export type BareSigner = BareKey & Pick<CredentialSigner, "sign">;

/** Whether two keys are one. */
export function isSameKey(a: BareKey, b: BareKey): boolean {
  return a.algorithm === b.algorithm && equalBytes(a.publicKey, b.publicKey);
}

/** Whether the key made the signature over the data. */
export async function isGoodSignature(key: BareKey, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return key.algorithm === "P-384"
    ? isGoodP384(key.publicKey, data, signature)
    : suiteOf(key.algorithm).verify(data, signature, key.publicKey);
}

const P384 = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" } as const;

/** Web Cryptography, which Node and browsers have: transactions are never signed with P-384, so that no suite of `#crypto` knows it. */
async function isGoodP384(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const point = uncompressPoint("P-384", publicKey);
  if (point === undefined || signature.length !== 96) return false;
  const { subtle } = globalThis.crypto;
  const key = await subtle.importKey("raw", point.slice(), P384, false, ["verify"]);
  return subtle.verify(P384, key, signature.slice(), data.slice());
}
