import { decodeBase58, encodeBase58 } from "#base";
import { credentialError } from "../errors.ts";

/** A signature as `proofValue`: multibase, base58btc. */
export function encodeProofValue(signature: Uint8Array): string {
  return `z${encodeBase58(signature)}`;
}

/**
 * The signature that a `proofValue` holds.
 *
 * @throws HansaError `credentials.proof` where it is not base58btc of so many bytes
 */
export function decodeProofValue(proofValue: string, length: number): Uint8Array {
  const signature = proofValue.startsWith("z") ? decodeBase58(proofValue.slice(1)) : undefined;
  if (signature === undefined || signature.length !== length)
    throw credentialError("credentials.proof", `proofValue is not base58btc of ${length} bytes`, {
      problem: "proofValue",
    });
  return signature;
}
