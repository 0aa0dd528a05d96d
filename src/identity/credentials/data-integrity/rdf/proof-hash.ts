import { canonicalJson, concatBytes, encodeUtf8, type JsonObject } from "#base";
import type { ContextLibrary } from "../../contexts/context-library.ts";
import { credentialError } from "../../errors.ts";
import type { DataIntegrityProof, ProofOptions } from "../cryptosuite.ts";
import { canonizeDocument, hashAs, type RdfHash } from "./canonize.ts";

/**
 * Hash of a proof's options, `proofValue` left out (VC-DI-EdDSA §3.2.5, VC-DI-ECDSA §3.2.5). They are read with the document's
 * context; a proof that brings another one would say in the document what its signature does not cover.
 */
export async function hashProofOptions(
  document: JsonObject,
  proof: ProofOptions | DataIntegrityProof,
  library: ContextLibrary,
  hash: RdfHash = "SHA-256",
): Promise<Uint8Array> {
  const { proofValue: _, "@context": own, ...options } = proof as DataIntegrityProof;
  const context = document["@context"] ?? null;
  if (own !== undefined && canonicalJson(own) !== canonicalJson(context))
    throw credentialError("credentials.proof", "a proof has another @context than its document", {
      problem: "@context",
    });
  const config = { ...(options as object as JsonObject), "@context": context };
  return hashAs(hash, encodeUtf8(await canonizeDocument(config, library, hash)));
}

/** What a suite over RDF signs: the hash of the options, then that of the document. */
export async function hashForProof(
  document: JsonObject,
  proof: ProofOptions | DataIntegrityProof,
  library: ContextLibrary,
  hash: RdfHash = "SHA-256",
): Promise<Uint8Array> {
  const proofHash = await hashProofOptions(document, proof, library, hash);
  const text = await canonizeDocument(document, library, hash);
  return concatBytes(proofHash, hashAs(hash, encodeUtf8(text)));
}
