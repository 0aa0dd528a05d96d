import type { EvidenceDocumentView } from "#protocol";
import { pageOf, type Queries } from "../../kernel/module.ts";
import { EVIDENCE_PREFIX, readEvidence, readEvidenceDocument } from "./records.ts";

export const evidenceQueries: Queries<"evidence"> = {
  "evidence.list": ({ state }, args) => pageOf(state, EVIDENCE_PREFIX, args),
  "evidence.get": ({ state }, { root }) => readEvidence(state, root),
  "evidence.document": ({ state }, { root, index }): EvidenceDocumentView | undefined => {
    const evidence = readEvidence(state, root);
    if (evidence === undefined || index >= evidence.size) return undefined;
    const own = readEvidenceDocument(state, root, index)?.revoked ?? null;
    const revoked = own ?? evidence.revoked;
    return { root, index, revoked, effective: revoked === null ? "anchored" : "revoked" };
  },
};
