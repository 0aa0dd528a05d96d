/** Names of signature algorithms in JOSE: RFC 7518 §3.1, RFC 8037, RFC 8812, RFC 9864. */
import { equalBytes } from "#base";
import { CREDENTIAL_SUITES, type CredentialKey, credentialSuiteOf } from "../credentials/credential-key.ts";
import type { CredentialAlgorithm, CredentialSigner } from "../credentials/keys.ts";

/** `none` and the HMACs stand in no such list, so that no header can ask for them. `Ed25519` is EdDSA's fully specified name (RFC 9864 §2.2). */
const KEY_TYPES: ReadonlyMap<string, CredentialAlgorithm> = new Map([
  ...CREDENTIAL_SUITES.map(({ algorithm, jose }) => [jose, algorithm] as const),
  ["Ed25519", "Ed25519"],
]);

/** All names, as metadata list what is taken. */
export const JOSE_ALGS: readonly string[] = [...KEY_TYPES.keys()];

/** JOSE `alg` that a key signs with. */
export function algOf(algorithm: CredentialAlgorithm): string {
  return credentialSuiteOf(algorithm).jose;
}

/** Type of the keys that a JOSE `alg` is of; `undefined` where it is none that signs credentials. */
export function algorithmOfAlg(alg: string): CredentialAlgorithm | undefined {
  return KEY_TYPES.get(alg);
}

/** What signs, whoever speaks with it. */
export type BareSigner = CredentialKey & Pick<CredentialSigner, "sign">;

/** Whether two keys are one. */
export function isSameKey(a: CredentialKey, b: CredentialKey): boolean {
  return a.algorithm === b.algorithm && equalBytes(a.publicKey, b.publicKey);
}
