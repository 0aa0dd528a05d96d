import { p384 } from "@noble/curves/nist.js";
import { isHansaError } from "#base";
import { createSigner } from "#crypto";
import { credentialError } from "../credentials/errors.ts";
import type { CredentialAlgorithm, CredentialSigner, KeyFinder, ProofPurpose } from "../credentials/keys.ts";

export const ALGORITHMS: readonly CredentialAlgorithm[] = ["Ed25519", "P-256", "P-384", "secp256k1"];

/** 2026-06-01T12:00:00Z. */
export const NOW = 1_780_315_200_000;
export const SECONDS = NOW / 1000;

/** A key of whoever bears the DID. */
export function createParty(
  did: string,
  algorithm: CredentialAlgorithm = "Ed25519",
  fragment = "key-1",
): CredentialSigner {
  const names = { id: `${did}#${fragment}`, controller: did, algorithm };
  if (algorithm === "P-384") {
    const secret = p384.utils.randomSecretKey();
    return {
      ...names,
      publicKey: p384.getPublicKey(secret, true),
      sign: (data) => p384.sign(data, secret, { prehash: true, lowS: false }),
    };
  }
  const { publicKey, sign } = createSigner(algorithm);
  return { ...names, publicKey, sign };
}

/** Finds the keys of these parties, for these purposes. */
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

/** Code of the refusal, or `undefined` where nothing is refused. */
export async function codeOf(action: () => unknown): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (isHansaError(error)) return error.code;
    throw error;
  }
}
