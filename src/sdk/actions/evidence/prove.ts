import { type EvidenceProof, evidenceDocumentKey, evidenceKey } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { getProof } from "../proofs/get-proof.ts";

/**
 * Adds to an evidence proof what the ledger says now: the record of its root, and whether this document alone was revoked. It is not
 * checked here: give it to `verifyEvidence`.
 *
 * @returns a proof that stands alone; the one that was given is left as it is
 * @example
 * ```ts
 * const proof = await proveEvidence(client, { proof: proofs[17] });
 * const { evidence, revoked } = verifyEvidence(proof, { trust: groupId });
 * ```
 */
export async function proveEvidence(
  client: Client,
  args: { readonly proof: EvidenceProof },
  options: CallOptions = {},
): Promise<EvidenceProof> {
  const { root, path } = args.proof;
  const ledger = await getProof(client, { key: evidenceKey(root) }, options);
  const revocation = await getProof(client, { key: evidenceDocumentKey(root, path.index) }, options);
  return { ...args.proof, ledger, revocation };
}
