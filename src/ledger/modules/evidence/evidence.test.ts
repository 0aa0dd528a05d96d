import { describe, expect, it } from "vitest";
import type { EvidenceDocumentView, EvidenceRecord } from "#protocol";
import { Alliance, actor, digestOfText, lab, maker, north, south, stranger } from "../../alliance.suite.ts";
import { EVIDENCE_ERRORS } from "./errors.ts";

const anna = actor("anna");
const root = digestOfText("root");
const anchor = { root, size: 5000 };

const read = (alliance: Alliance) => alliance.ledger.query("evidence.get", { root }) as EvidenceRecord;
const document = (alliance: Alliance, index: number) =>
  alliance.ledger.query("evidence.document", { root, index }) as EvidenceDocumentView;

describe("evidence", () => {
  it("is one record, however many documents lie below the root", () => {
    const alliance = new Alliance();
    const before = alliance.dump().size;
    alliance.ok(lab, "evidence.anchor", { ...anchor, size: 1_048_576, note: "Type tests" });
    expect(alliance.dump().size).toBe(before + 1);
    expect(read(alliance)).toEqual({
      root,
      size: 1_048_576,
      note: "Type tests",
      issuer: lab.did,
      signers: [{ did: lab.did, at: alliance.time }],
      revoked: null,
      at: alliance.time,
    });
    expect((alliance.ledger.query("evidence.list", {}) as { items: object[] }).items).toEqual([read(alliance)]);
    alliance.refused("evidence.exists", maker, "evidence.anchor", anchor);
    alliance.refused("transaction.operation-arguments", lab, "evidence.anchor", { ...anchor, size: 1_048_577 });
  });

  it("is signed by those who were named, at once or later, each once, and by nobody else", () => {
    const alliance = new Alliance();
    alliance.introduce(anna);
    alliance.ok([lab, maker], "evidence.anchor", { ...anchor, signers: [maker.did, anna.did, south.did, lab.did] });
    const signed = () => read(alliance).signers.flatMap(({ did, at }) => (at === null ? [] : [did]));
    expect(signed()).toEqual([lab.did, maker.did]);
    expect(read(alliance).signers).toHaveLength(4);
    alliance.refused("evidence.not-signer", north, "evidence.sign", { root });
    alliance.refused("evidence.signed", maker, "evidence.sign", { root });
    // Several at once, sent by one who was not named.
    const receipt = alliance.ok([north, anna, south], "evidence.sign", { root });
    expect(receipt.facts[0]?.data).toMatchObject({ missing: 0 });
    expect(signed()).toHaveLength(4);
  });

  it("is anchored by members alone, with signers who exist", () => {
    const alliance = new Alliance();
    alliance.introduce(anna);
    alliance.refused("kernel.forbidden", anna, "evidence.anchor", anchor);
    alliance.refused("evidence.unknown-identity", lab, "evidence.anchor", { ...anchor, signers: [stranger.did] });
    alliance.refused("evidence.unknown", lab, "evidence.sign", { root });
    alliance.refused("evidence.unknown", lab, "evidence.revoke", { root });
  });

  it("is revoked whole or document by document, and only its revoker takes that back", () => {
    const alliance = new Alliance();
    alliance.ok([lab, maker], "evidence.anchor", { ...anchor, signers: [maker.did, south.did] });
    alliance.ok(lab, "evidence.revoke", { root, index: 17, reason: "a broken probe" });
    expect(document(alliance, 17)).toMatchObject({
      effective: "revoked",
      revoked: { by: lab.did, reason: "a broken probe" },
    });
    expect(document(alliance, 16)).toEqual({ root, index: 16, revoked: null, effective: "anchored" });
    expect(read(alliance).revoked).toBeNull();
    alliance.refused("evidence.revoked", maker, "evidence.revoke", { root, index: 17 });
    alliance.refused("evidence.not-revoker", maker, "evidence.unrevoke", { root, index: 17 });
    alliance.refused("evidence.not-revoked", lab, "evidence.unrevoke", { root, index: 16 });
    alliance.refused("evidence.index", lab, "evidence.revoke", { root, index: 5000 });
    alliance.ok(maker, "evidence.revoke", { root });
    expect(document(alliance, 16)).toMatchObject({ effective: "revoked", revoked: { by: maker.did, reason: null } });
    alliance.refused("evidence.not-revoker", lab, "evidence.unrevoke", { root });
    alliance.ok(maker, "evidence.unrevoke", { root });
    alliance.ok(lab, "evidence.unrevoke", { root, index: 17 });
    expect([16, 17].map((index) => document(alliance, index).effective)).toEqual(["anchored", "anchored"]);
    // Named, but without a signature: there is no word of his to take back.
    alliance.refused("evidence.not-signer", south, "evidence.revoke", { root });
    expect(() => document(alliance, 5000)).toThrow();
  });
});

it("numbers of the module lie in its hundred, each once", () => {
  const numbers = Object.values(EVIDENCE_ERRORS).map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.every((number) => number > 900 && number < 1000)).toBe(true);
});
