import { decodeBase64Url, encodeBase64Url } from "#base";
import { inclusionProof, verifyInclusion } from "#crypto";

/** RFC 6962 audit path as it stands in files: siblings from the leaf up, base64url. */
export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  readonly path: readonly string[];
}

/** Path of one of these leaf hashes to the root over all. */
export function proveInclusion(leafHashes: readonly Uint8Array[], index: number): InclusionProof {
  return { index, size: leafHashes.length, path: inclusionProof(leafHashes, index).map(encodeBase64Url) };
}

/** Whether a leaf hash stands at its place under this root (base64url); never throws. */
export function checkInclusion(root: string, leaf: Uint8Array, proof: InclusionProof): boolean {
  const top = decodeBase64Url(root);
  const path = proof.path.map(decodeBase64Url);
  if (top === undefined || path.includes(undefined)) return false;
  return verifyInclusion(leaf, proof.index, proof.size, path as Uint8Array[], top);
}
