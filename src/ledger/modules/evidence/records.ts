import { type EvidenceDocumentRecord, type EvidenceRecord, evidenceDocumentKey, evidenceKey } from "#protocol";
import type { Reader } from "../../state/state.ts";

export const EVIDENCE_PREFIX = "evidence/";

export const readEvidence = (state: Reader, root: string) => state.get<EvidenceRecord>(evidenceKey(root));

/** There is a record of documents alone that were revoked by themselves: of a million others nothing is kept. */
export const readEvidenceDocument = (state: Reader, root: string, index: number) =>
  state.get<EvidenceDocumentRecord>(evidenceDocumentKey(root, index));
