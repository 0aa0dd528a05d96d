import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HansaError } from "#base";
import {
  beyondTerms,
  createGrantId,
  decodeTerms,
  digestTerms,
  filterCovers,
  type GrantResource,
  type GrantTerms,
  type GrantWish,
  makeTerms,
  openChain,
  openTerms,
  purposeIri,
  requireWithinTerms,
  shortPurpose,
  suggestPurposes,
  TERM_FIELDS,
  type TermsDocument,
  termDigest,
  wideningOf,
} from "./index.ts";

const DEVICE = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
const BILLING = "https://w3id.org/dpv#PaymentManagement";
const RESEARCH = "https://w3id.org/dpv#ResearchAndDevelopment";
const TERMS: GrantTerms = {
  resource: { kind: "topic", topic: "north/meters" },
  purposes: [BILLING, RESEARCH],
  actions: ["read", "subscribe"],
  jurisdictions: ["DE", "AT-9"],
  controller: { name: "Billing Ltd" },
  service: "Yearly bill",
  categories: ["consumption"],
};

const recordOf = (document: TermsDocument) => ({ grant: document.grant, terms: digestTerms(document) });
const made = (changes: Partial<GrantTerms> = {}) => makeTerms(createGrantId(), { ...TERMS, ...changes });

function refusalOf(run: () => unknown): [string, unknown] | "accepted" {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError) return [error.code, (error.payload as { field?: unknown }).field];
    throw error;
  }
  return "accepted";
}

describe("terms behind digests", () => {
  it("open with their document, as a value and as text", () => {
    const document = made();
    expect(openTerms(document, recordOf(document))).toEqual(TERMS);
    expect(openTerms(JSON.stringify(document), recordOf(document))).toEqual(TERMS);
    expect(decodeTerms(JSON.stringify(document))).toEqual(document);
  });

  it("have the digest of RFC 8785 text over salt, field and value", () => {
    // Computed apart: printf '%s' '["AAAAAAAAAAAAAAAAAAAAAA","actions",["read"]]' | sha256sum
    expect(termDigest("A".repeat(22), "actions", ["read"])).toBe("QuaIWKrS3h0vYoFBWNYjvn1isSkR078TpnovfITD7fg");
  });

  it("do not open for another grant, another value, another salt, or with a digest more or less", () => {
    const document = made();
    const record = recordOf(document);
    const changed: [unknown, object][] = [
      [document, { ...record, grant: createGrantId() }],
      [{ ...document, terms: { ...TERMS, actions: ["read"] } }, record],
      [{ ...document, terms: { ...TERMS, controller: null } }, record],
      [{ ...document, salts: { ...document.salts, service: made().salts.service } }, record],
      [document, { ...record, terms: record.terms.slice(1) }],
      [document, { ...record, terms: [...record.terms, "A".repeat(43)] }],
      [made(), { ...recordOf(made()), grant: document.grant }],
    ];
    for (const [given, against] of changed)
      expect(refusalOf(() => openTerms(given, against as never))).toEqual(["grant.terms-mismatch", undefined]);
  });

  it("link no two grants of the same terms: each field has a salt of its own", () => {
    const documents = Array.from({ length: 20 }, () => made());
    const digests = documents.flatMap(digestTerms);
    expect(new Set(digests).size).toBe(20 * TERM_FIELDS.length);
    const salts = documents.flatMap((document) => Object.values(document.salts));
    expect(new Set(salts).size).toBe(salts.length);
    for (const salt of salts) expect(salt.length * 6).toBeGreaterThanOrEqual(128);
  });

  it("cannot be found by trying values without the salts", () => {
    const record = recordOf(made({ actions: ["read"], jurisdictions: ["DE"], controller: null, service: null }));
    const guesses = [["read"], ["subscribe"], ["read", "subscribe"], ["DE"], ["AT"], null, []];
    const salts = ["", "0", "A".repeat(22), record.grant];
    const tried = TERM_FIELDS.flatMap((field) =>
      guesses.flatMap((value) => salts.map((salt) => termDigest(salt, field, value as never))),
    );
    expect(tried.filter((digest) => record.terms.includes(digest))).toEqual([]);
  });

  it.each<[string, (document: TermsDocument) => unknown]>([
    ["no JSON", () => "{"],
    ["a field twice", (document) => JSON.stringify(document).replace("{", `{"grant":"${document.grant}",`)],
    ["too long", (document) => JSON.stringify(document).padEnd(40_000)],
    ["nothing", () => undefined],
    ["a list", () => []],
    ["an unknown field", (document) => ({ ...document, terms: { ...TERMS, more: 1 } })],
    ["a missing field", ({ grant, salts }) => ({ grant, salts, terms: { ...TERMS, actions: undefined } })],
    ["a short salt", (document) => ({ ...document, salts: { ...document.salts, actions: "A".repeat(21) } })],
    ["no purpose", (document) => ({ ...document, terms: { ...TERMS, purposes: [] } })],
    ["a purpose that is none", (document) => ({ ...document, terms: { ...TERMS, purposes: ["billing"] } })],
    ["a purpose twice", (document) => ({ ...document, terms: { ...TERMS, purposes: [BILLING, BILLING] } })],
    ["a country in small letters", (document) => ({ ...document, terms: { ...TERMS, jurisdictions: ["de"] } })],
    ["# in the middle", (d) => ({ ...d, terms: { ...TERMS, resource: { kind: "topic", topic: "a", path: "#/b" } } })],
    [
      "two kinds at once",
      (d) => ({ ...d, terms: { ...TERMS, resource: { kind: "topic", topic: "a", dataset: "b" } } }),
    ],
  ])("are refused as malformed with %s", (_, change) => {
    const document = made();
    expect(refusalOf(() => openTerms(change(document), recordOf(document)))).toEqual([
      "grant.terms-malformed",
      undefined,
    ]);
  });

  it("are not quoted by the error that refuses them", () => {
    const text = '{"terms":{"controller":{"name":"Erika Mustermann"}},}';
    try {
      decodeTerms(text);
    } catch (error) {
      expect(JSON.stringify(error)).not.toContain("Erika");
      expect(refusalOf(() => decodeTerms(text))).toEqual(["grant.terms-malformed", undefined]);
    }
  });
});

describe("a chain of terms", () => {
  const narrow: [keyof GrantTerms, Partial<GrantTerms>][] = [
    ["resource", { resource: { kind: "topic", topic: "north/meters", path: "kitchen/+" } }],
    ["purposes", { purposes: [RESEARCH] }],
    ["actions", { actions: ["read"] }],
    ["jurisdictions", { jurisdictions: ["DE-BY", "AT-9"] }],
  ];

  it.each(narrow)("may narrow %s, and never widen it again", (field, change) => {
    const [top, below] = [made(), made(change)];
    expect(openChain([recordOf(below), recordOf(top)], [below, top])).toEqual({ ...TERMS, ...change });
    expect(refusalOf(() => openChain([recordOf(top), recordOf(below)], [top, below]))).toEqual([
      "grant.widened",
      field,
    ]);
    // A wide link in between is no way around.
    const chain = [made(), below, made()];
    expect(refusalOf(() => openChain(chain.map(recordOf), chain))).toEqual(["grant.widened", field]);
  });

  it("may name another controller, service and category: those widen nothing", () => {
    const below = { ...TERMS, controller: { name: "Another" }, service: "another", categories: ["any"] };
    expect(wideningOf(TERMS, below)).toBeUndefined();
  });

  it.each<[string, GrantResource, GrantResource]>([
    ["another topic", { kind: "topic", topic: "a" }, { kind: "topic", topic: "a/b" }],
    ["another kind", { kind: "topic", topic: "a" }, { kind: "dataset", dataset: "a" }],
    [
      "another device",
      { kind: "property", device: DEVICE, property: "a" },
      { kind: "property", device: `${DEVICE.slice(0, -1)}4`, property: "a" },
    ],
    [
      "another property",
      { kind: "property", device: DEVICE, property: "a" },
      { kind: "property", device: DEVICE, property: "b" },
    ],
    ["another type", { kind: "credential", type: "A" }, { kind: "credential", type: "B" }],
    ["another dataset", { kind: "dataset", dataset: "a" }, { kind: "dataset", dataset: "a/b" }],
  ])("does not reach %s", (_, wide, other) => {
    expect(wideningOf({ ...TERMS, resource: wide }, { ...TERMS, resource: wide })).toBeUndefined();
    expect(wideningOf({ ...TERMS, resource: wide }, { ...TERMS, resource: other })).toBe("resource");
    expect(wideningOf({ ...TERMS, resource: other }, { ...TERMS, resource: wide })).toBe("resource");
  });

  it("needs the terms of every link", () => {
    const [top, below] = [made(), made()];
    for (const documents of [[], [below], [below, top, top]])
      expect(refusalOf(() => openChain([recordOf(below), recordOf(top)], documents))).toEqual([
        "grant.terms-malformed",
        undefined,
      ]);
    expect(refusalOf(() => openChain([], []))).toEqual(["grant.terms-malformed", undefined]);
    expect(refusalOf(() => openChain([recordOf(below), recordOf(top)], [top, below]))).toEqual([
      "grant.terms-mismatch",
      undefined,
    ]);
  });
});

describe("a request", () => {
  const wish: GrantWish = {
    resource: { kind: "topic", topic: "north/meters", path: "kitchen/energy" },
    purpose: BILLING,
    action: "read",
    jurisdiction: "DE",
  };
  it.each<[string | undefined, Partial<GrantWish>]>([
    [undefined, {}],
    [undefined, { resource: { kind: "topic", topic: "north/meters" } }],
    [undefined, { jurisdiction: "DE-BY" }],
    [undefined, { jurisdiction: "AT-9" }],
    ["jurisdictions", { jurisdiction: "AT" }],
    ["jurisdictions", { jurisdiction: "AT-1" }],
    ["jurisdictions", { jurisdiction: "US" }],
    ["purposes", { purpose: "https://w3id.org/dpv#Marketing" }],
    ["actions", { action: "write" as never }],
    ["resource", { resource: { kind: "topic", topic: "south/meters" } }],
  ])("beyond the %s of the terms is refused", (field, change) => {
    expect(beyondTerms(TERMS, { ...wish, ...change })).toBe(field);
    expect(refusalOf(() => requireWithinTerms(TERMS, { ...wish, ...change }))).toEqual(
      field === undefined ? "accepted" : ["grant.beyond-terms", field],
    );
  });
});

describe("one filter within another", () => {
  const levels = fc.array(fc.constantFrom("a", "b", "+"), { minLength: 1, maxLength: 3 });
  const filter = fc.oneof(
    fc.tuple(levels, fc.boolean()).map(([all, open]) => [...all, ...(open ? ["#"] : [])].join("/")),
    fc.constant("#"),
  );
  /** Every name of up to four levels, the topic's own without any among them. `c` stands for all words that no filter here says. */
  const names = (function grow(depth: number): string[][] {
    if (depth === 0) return [[]];
    const shorter = grow(depth - 1);
    return [
      ...shorter,
      ...shorter
        .filter((name) => name.length === depth - 1)
        .flatMap((name) => ["a", "b", "c"].map((word) => [...name, word])),
    ];
  })(4);
  const matches = (text: string, name: readonly string[]): boolean => {
    const [first, ...rest] = text === "" ? [] : text.split("/");
    if (first === "#") return true;
    if (first === undefined || name.length === 0) return first === undefined && name.length === 0;
    if (name.length === 1 && rest.length === 1 && rest[0] === "#") return first === "+" || first === name[0];
    return (first === "+" || first === name[0]) && matches(rest.join("/"), name.slice(1));
  };

  it("means that it matches every name that the other matches", () => {
    fc.assert(
      fc.property(filter, filter, (wide, narrow) => {
        const all = names.every((name) => !matches(narrow, name) || matches(wide, name));
        expect([wide, narrow, filterCovers(wide, narrow)]).toEqual([wide, narrow, all]);
      }),
      { numRuns: 2000, seed: 27560 },
    );
  });
});

describe("a purpose", () => {
  it("is a term of the vocabulary, in full or in short", () => {
    expect(purposeIri("dpv:PaymentManagement")).toBe(BILLING);
    expect(purposeIri(BILLING)).toBe(BILLING);
    expect(shortPurpose(BILLING)).toBe("dpv:PaymentManagement");
    for (const text of [
      "billing",
      "dpv:",
      "dpv:payment",
      "http://w3id.org/dpv#A",
      `${BILLING}#`,
      "dpv:A b",
      "https://w3id.org/dpv/pd#Name",
    ])
      expect(purposeIri(text)).toBeUndefined();
  });

  it("that nobody knows is good, and what it may have been meant for is suggested", () => {
    expect(purposeIri("dpv:SomethingNew")).toBe("https://w3id.org/dpv#SomethingNew");
    expect(suggestPurposes("dpv:Payment")).toContain("dpv:PaymentManagement");
    expect(suggestPurposes("dpv:PaymentManagement")).toEqual([]);
    expect(suggestPurposes("")).toEqual([]);
  });
});
