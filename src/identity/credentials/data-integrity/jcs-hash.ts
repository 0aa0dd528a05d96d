import { canonicalJson, concatBytes, encodeUtf8, isHansaError, type JsonObject } from "#base";
import { credentialError } from "../errors.ts";
import type { DataIntegrityProof, ProofOptions } from "./cryptosuite.ts";

/**
 * What the JCS suites sign: the hash of the proof's options, then that of the document, each in its canonical form
 * (VC Data Integrity EdDSA §3.3.4 to 3.3.5, ECDSA §3.3.4 to 3.3.5).
 */
export function hashJcs(
  document: JsonObject,
  options: ProofOptions,
  hash: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  try {
    return concatBytes(hash(encodeUtf8(canonicalJson(options))), hash(encodeUtf8(canonicalJson(document))));
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw credentialError("credentials.document", `the document has no canonical form: ${error.message}`, {}, error);
  }
}

/**
 * The same for a proof that is there: the context in it has to begin the document's, and stands for it.
 *
 * @throws HansaError `credentials.proof` where the contexts part
 */
export function hashSignedJcs(
  document: JsonObject,
  { proofValue: _, ...options }: DataIntegrityProof,
  hash: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const signed = options["@context"];
  if (signed === undefined) return hashJcs(document, options, hash);
  if (!beginsWith(document["@context"], signed))
    throw credentialError("credentials.proof", "the proof was made under other contexts than the document's", {
      problem: "@context",
    });
  return hashJcs({ ...document, "@context": signed as never }, options, hash);
}

function beginsWith(context: unknown, start: unknown): boolean {
  const [whole, part] = [listOf(context), listOf(start)];
  return (
    part.length <= whole.length &&
    part.every((one, i) => one === whole[i] || canonicalJson(one) === canonicalJson(whole[i]))
  );
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
