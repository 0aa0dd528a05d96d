import { compactVerify, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8, HansaError } from "#base";
import { createSigner, decodeMultikey, type PublicKey } from "#crypto";
import { alice, bob, carol } from "./fixtures.suite.ts";
import {
  CONSENT_RECEIPT_TYPE,
  createGrantId,
  decodeConsentReceipt,
  digestTerms,
  type GrantRecord,
  type GrantTerms,
  isSignedBy,
  makeConsentRecord,
  makeTerms,
  signCompact,
  signConsentReceipt,
} from "./index.ts";

const GROUP = "hanse:main:2xGabcdefghijkmnopqrstuvwx";
const NOW = 1_800_000_000_000;
const keyOf = (party: { multikey: string }) => decodeMultikey(party.multikey) as PublicKey;
const TERMS: GrantTerms = {
  resource: { kind: "topic", topic: "north/meters", path: "kitchen/#" },
  purposes: ["https://w3id.org/dpv#PaymentManagement", "https://w3id.org/dpv#ServiceProvision"],
  actions: ["read"],
  jurisdictions: ["DE"],
  controller: { name: "Billing Ltd", contact: "privacy@billing.example" },
  service: "Yearly bill",
  categories: ["consumption"],
};

function granted(changes: Partial<GrantRecord> = {}, terms = TERMS) {
  const document = makeTerms(createGrantId(), terms);
  const record: GrantRecord = {
    grant: document.grant,
    owner: alice.did,
    grantor: alice.did,
    recipient: bob.did,
    provider: carol.did,
    terms: digestTerms(document),
    from: NOW / 1000 - 100,
    until: NOW / 1000 + 100,
    count: 12,
    used: 3,
    parent: null,
    depth: 0,
    delegable: 1,
    status: "active",
    revokedBy: null,
    reason: null,
    created: NOW - 100_000,
    createdAt: 7,
    updated: NOW - 100_000,
    updatedAt: 7,
    ...changes,
  };
  return { document, record };
}

const revoked = {
  status: "revoked",
  revokedBy: alice.did,
  reason: "moved out",
  updated: NOW - 1000,
  updatedAt: 20,
} as const;
const stateOf = (iri: string) => iri.slice("https://w3id.org/dpv#".length);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("a consent record", () => {
  it("has what ISO/IEC TS 27560 wants of one, from the opened terms and the ledger's record", () => {
    const { record, document } = granted();
    const consent = makeConsentRecord(GROUP, [record], [document], NOW);
    expect(consent).toMatchObject({
      schema_version: "ISO/IEC TS 27560:2023",
      record_id: `urn:hansa:${GROUP}:grant:${record.grant}`,
      pii_principal_id: alice.did,
      pii_processing: { privacy_notice: { terms: record.terms }, language: "und" },
      consent_time: new Date(record.created).toISOString(),
      expiry: new Date(record.until * 1000).toISOString(),
      withdrawal: null,
      releases: { used: 3, count: 12 },
    });
    expect(consent.pii_processing.purposes.map(({ purpose }) => purpose)).toEqual(TERMS.purposes);
    expect(consent.pii_processing.purposes[0]).toMatchObject({
      lawful_basis: "https://w3id.org/dpv#Consent",
      services: ["Yearly bill"],
      pii_information: [{ pii_type: "consumption", pii_attribute_id: "topic/north/meters/kitchen/#" }],
      pii_controllers: [bob.did],
      recipient_third_parties: [],
      processing_method: ["read"],
      jurisdiction: ["DE"],
    });
    expect(consent.party_identification).toEqual([
      { party_id: alice.did, party_role: "pii principal", party_name: null, party_contact: null },
      {
        party_id: bob.did,
        party_role: "pii controller",
        party_name: "Billing Ltd",
        party_contact: "privacy@billing.example",
      },
      { party_id: carol.did, party_role: "pii processor", party_name: null, party_contact: null },
    ]);
  });

  it("goes through its states as versions: given, withdrawn; expired with time alone", () => {
    const { record, document } = granted();
    const at = (changes: Partial<GrantRecord>, now: number) =>
      makeConsentRecord(GROUP, [{ ...record, ...changes }], [document], now);
    const given = at({}, NOW);
    expect([stateOf(given.state), given.versions.length, given.events.length]).toEqual(["ConsentGiven", 1, 1]);
    const expired = at({}, record.until * 1000);
    expect([stateOf(expired.state), expired.versions.length]).toEqual(["ConsentExpired", 1]);
    expect(expired.events.map(({ event_state }) => stateOf(event_state))).toEqual(["ConsentGiven", "ConsentExpired"]);
    const withdrawn = at(revoked, NOW);
    expect(stateOf(withdrawn.state)).toBe("ConsentWithdrawn");
    expect(withdrawn.withdrawal).toBe(new Date(NOW - 1000).toISOString());
    expect(withdrawn.versions.map(({ version, height, state }) => [version, height, stateOf(state)])).toEqual([
      [1, 7, "ConsentGiven"],
      [2, 20, "ConsentWithdrawn"],
    ]);
    expect(withdrawn.events[1]).toMatchObject({ entity_id: alice.did, reason: "moved out" });
    // What was withdrawn stays so after its time, too.
    expect(stateOf(at(revoked, record.until * 1000).state)).toBe("ConsentWithdrawn");
  });

  it("of what was handed on is withdrawn with the link above, and names who else had it", () => {
    const top = granted({ ...revoked });
    const below = granted({ parent: top.record.grant, depth: 1, grantor: bob.did, recipient: carol.did });
    const documents = [below.document, top.document];
    const consent = makeConsentRecord(GROUP, [below.record, top.record], documents, NOW);
    expect(stateOf(consent.state)).toBe("ConsentWithdrawn");
    expect(consent.pii_processing.purposes[0]).toMatchObject({
      pii_controllers: [carol.did],
      recipient_third_parties: [bob.did],
    });
    expect(consent.events.map(({ grant, entity_id }) => [grant, entity_id])).toEqual([
      [top.record.grant, alice.did],
      [top.record.grant, alice.did],
      [below.record.grant, bob.did],
    ]);
  });

  it("is not made of terms that the ledger does not have", () => {
    const { record } = granted();
    const { document } = granted();
    expect(codeOf(() => makeConsentRecord(GROUP, [record], [document], NOW))).toBe("grant.terms-mismatch");
    const narrow = granted({}, { ...TERMS, jurisdictions: ["DE-BY"] });
    const wide = granted();
    const chain = [wide.record, narrow.record];
    expect(codeOf(() => makeConsentRecord(GROUP, chain, [wide.document, narrow.document], NOW))).toBe("grant.widened");
  });
});

describe("a consent receipt", () => {
  const { record, document } = granted();
  const consent = makeConsentRecord(GROUP, [record], [document], NOW);

  it("is a signed copy, apart from the record: every copy has an id of its own", () => {
    const [one, two] = [1, 2].map(() => decodeConsentReceipt(signConsentReceipt(consent, bob, NOW)));
    expect(one?.receipt).toMatchObject({ iss: bob.did, iat: NOW / 1000, consent_record: consent });
    expect(one?.receipt.receipt_id).not.toBe(two?.receipt.receipt_id);
    expect(one && isSignedBy(one.token, keyOf(bob))).toBe(true);
    expect(one && isSignedBy(one.token, keyOf(alice))).toBe(false);
  });

  it("is verified by jose with the exporter's key, and by no other", async () => {
    const verify = async (x: Uint8Array) =>
      compactVerify(
        signConsentReceipt(consent, alice, NOW),
        await importJWK({ kty: "OKP", crv: "Ed25519", x: encodeBase64Url(x) }, "EdDSA"),
      );
    const { payload, protectedHeader } = await verify(keyOf(alice).bytes);
    expect(protectedHeader).toEqual({ alg: "EdDSA", kid: alice.kid, typ: CONSENT_RECEIPT_TYPE });
    expect(JSON.parse(new TextDecoder().decode(payload))).toMatchObject({ consent_record: consent });
    await expect(verify(createSigner("Ed25519", new Uint8Array(32).fill(9)).publicKey)).rejects.toThrow();
  });

  it("has no salts in it", () => {
    const text = JSON.stringify(decodeConsentReceipt(signConsentReceipt(consent, alice, NOW)).receipt);
    for (const salt of Object.values(document.salts)) expect(text).not.toContain(salt);
  });

  it("does not hold once a word of it is changed", () => {
    const [header, , signature] = signConsentReceipt(consent, alice, NOW).split(".");
    const { receipt } = decodeConsentReceipt(signConsentReceipt(consent, alice, NOW));
    const forged = { ...receipt, consent_record: { ...consent, withdrawal: new Date(NOW).toISOString() } };
    const text = `${header}.${encodeBase64Url(encodeUtf8(JSON.stringify(forged)))}.${signature}`;
    expect(isSignedBy(decodeConsentReceipt(text).token, keyOf(alice))).toBe(false);
  });

  it.each<[string, string, () => string]>([
    [
      "token.claims",
      "signed by another than it says",
      () => signConsentReceipt(consent, { ...bob, did: alice.did }, NOW),
    ],
    ["token.claims", "with a part too many", () => signCompact({ more: 1 }, CONSENT_RECEIPT_TYPE, bob.kid, bob.signer)],
    ["token.type", "of another type", () => signCompact({}, "JWT", bob.kid, bob.signer)],
    ["token.malformed", "that is no token", () => "a.b"],
    ["token.malformed", "that is too long", () => "a".repeat(300_000)],
  ])("is refused with %s: one %s", (code, _, text) => {
    expect(codeOf(() => decodeConsentReceipt(text()))).toBe(code);
  });
});
