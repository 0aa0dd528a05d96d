import { createCredentialSigner } from "../credentials/credential-key.ts";
import { NOW } from "../credentials/credentials.suite.ts";
import { credentialError } from "../credentials/errors.ts";
import type { CredentialAlgorithm, CredentialSigner, KeyFinder, ProofPurpose } from "../credentials/keys.ts";

export { codeOf, keys as didKeys, NOW } from "../credentials/credentials.suite.ts";

export const ALGORITHMS: readonly CredentialAlgorithm[] = ["Ed25519", "P-256", "P-384", "secp256k1"];
export const SECONDS = NOW / 1000;

/** A fresh key of whoever bears the DID: one whose document can be told to have rotated it. */
export function createParty(did: string, algorithm: CredentialAlgorithm = "Ed25519"): CredentialSigner {
  return createCredentialSigner(algorithm, { id: `${did}#key-1`, controller: did });
}

/** Finds the keys of these parties, for these purposes, as their documents would name them. */
export function keysOf(
  parties: readonly CredentialSigner[],
  purposes: readonly ProofPurpose[] = ["assertionMethod", "authentication"],
): KeyFinder {
  return async (id, purpose) => {
    const key = parties.find((party) => party.id === id);
    if (key === undefined || !purposes.includes(purpose))
      throw credentialError("credentials.key", "the document names no such key for the purpose");
    return key;
  };
}
