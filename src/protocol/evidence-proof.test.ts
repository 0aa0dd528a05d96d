import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, decodeBase64Url, encodeBase64Url, encodeUtf8, isHansaError } from "#base";
import { sha256 } from "#crypto";
import {
  checkEvidenceProof,
  type EvidenceProof,
  isEvidenceProof,
  prepareEvidence,
  verifyEvidence,
} from "./evidence-proof.ts";

const digest = (text: string) => encodeBase64Url(sha256(encodeUtf8(text)));
const documents = (count: number) => Array.from({ length: count }, (_, n) => digest(`document ${n}`));

/** The code, and the step of a proof, with which something is refused. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!isHansaError(error)) throw error;
    return `${error.code} ${(error.payload as { step?: string }).step ?? ""}`.trim();
  }
  return "accepted";
}

describe("evidence of many documents", () => {
  it("has one root and a proof for each, in every number of documents", () => {
    for (const count of [1, 2, 3, 7, 8, 9, 1000]) {
      const digests = documents(count);
      const { root, size, proofs } = prepareEvidence(digests);
      expect(size).toBe(count);
      expect(proofs.map(({ document }) => document)).toEqual(digests);
      for (const proof of proofs) expect(checkEvidenceProof(canonicalJson(proof)).root).toBe(root);
    }
  });

  it("salts every document anew: equal ones, and the same ones again, look different", () => {
    const same = [digest("one"), digest("one")];
    const [first, second] = [prepareEvidence(same), prepareEvidence(same)];
    const salts = [...first.proofs, ...second.proofs].map(({ salt }) => salt);
    expect(new Set(salts).size).toBe(4);
    for (const salt of salts) expect(decodeBase64Url(salt)).toHaveLength(32);
    expect(first.root).not.toBe(second.root);
    // The siblings in the path of one are not what another's document alone would give.
    expect(first.proofs[0]?.path.path).not.toEqual(second.proofs[0]?.path.path);
  });

  it("takes no document away from its place, its salt or its root", () => {
    const { proofs } = prepareEvidence(documents(5));
    const [one, two] = proofs as [EvidenceProof, EvidenceProof];
    const wrong: EvidenceProof[] = [
      { ...one, document: two.document },
      { ...one, salt: two.salt },
      { ...one, root: digest("other root") },
      { ...one, path: { ...one.path, index: 1 } },
      { ...one, path: { ...one.path, size: 9 } },
      { ...one, path: two.path },
      { ...one, path: { ...one.path, path: one.path.path.slice(1) } },
    ];
    for (const proof of wrong) expect(refusal(() => checkEvidenceProof(proof))).toBe("proof.invalid path");
  });

  it("refuses a file with any byte changed", () => {
    const text = canonicalJson(prepareEvidence(documents(4)).proofs[2]);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
        if (changed !== text) expect(refusal(() => checkEvidenceProof(changed))).toMatch(/^proof\.(malformed|invalid)/);
      }),
      { numRuns: 2000, seed: 2026 },
    );
  });

  it("refuses what is none, of any shape, with a refusal", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(refusal(() => checkEvidenceProof(value))).toBe("proof.malformed");
        expect(isEvidenceProof(value)).toBe(false);
      }),
      { numRuns: 300, seed: 2026 },
    );
    const [proof] = prepareEvidence(documents(1)).proofs as [EvidenceProof];
    expect(isEvidenceProof(proof)).toBe(true);
    expect(refusal(() => checkEvidenceProof({ ...proof, more: 1 }))).toBe("proof.malformed");
    expect(refusal(() => prepareEvidence([]))).toBe("proof.malformed");
    expect(refusal(() => prepareEvidence(["short"]))).toBe("proof.malformed");
  });

  it("proves nothing as long as the ledger's part is missing, or of another document", () => {
    const [proof] = prepareEvidence(documents(2)).proofs as [EvidenceProof];
    expect(refusal(() => verifyEvidence(proof))).toBe("proof.invalid ledger");
    expect(refusal(() => verifyEvidence(proof, { document: digest("document 1") }))).toBe("proof.invalid document");
    expect(refusal(() => verifyEvidence(proof, { ledger: { hansa: "record-proof/1" } }))).toBe("proof.malformed");
  });
});
