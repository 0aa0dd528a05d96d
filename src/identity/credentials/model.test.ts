import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HansaError, type Json, type JsonObject } from "#base";
import { CREDENTIALS_V1, CREDENTIALS_V2 } from "./contexts/bundled-contexts.ts";
import { credentialOf } from "./credentials.suite.ts";
import { DOCUMENT_LIMITS } from "./document-parts.ts";
import { checkCredential, checkPresentation } from "./model.ts";

fc.configureGlobal({ seed: 20, numRuns: 200 });

const ISSUER = "did:example:issuer";
const SRI = "sha384-Ml/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU";
const credential = (members: JsonObject = {}) => credentialOf(ISSUER, members);
const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(credential()).filter(([name]) => !names.includes(name)));
const old = (members: JsonObject = {}): JsonObject => ({
  "@context": [CREDENTIALS_V1],
  type: "VerifiableCredential",
  issuer: ISSUER,
  issuanceDate: "2026-01-01T00:00:00Z",
  credentialSubject: { id: "did:example:s" },
  ...members,
});

/** Where it is wrong; `undefined` where it is not. */
function wrongAt(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof HansaError) || error.code !== "credentials.document") throw error;
    return (error.payload as { path: string }).path;
  }
}

describe("a credential", () => {
  it("is read: who says what of whom, and when", () => {
    expect(checkCredential(credential({ issuer: { id: ISSUER, name: "Lab" } }))).toMatchObject({
      model: "2.0",
      issuer: ISSUER,
      types: ["VerifiableCredential", "MeterCredential"],
      validFrom: Date.UTC(2026, 0, 1),
      validUntil: Date.UTC(2027, 0, 1),
      enveloped: false,
    });
  });

  it.each<[string, JsonObject]>([
    ["without id and dates", without("id", "validFrom", "validUntil")],
    ["with several subjects", credential({ credentialSubject: [{ id: "did:example:a" }, { "ex:b": 1 }] })],
    [
      "with milliseconds and zones",
      credential({ validFrom: "2026-01-01T00:00:00.123Z", validUntil: "2026-12-31T23:59:59-14:00" }),
    ],
    ["valid for one moment", credential({ validUntil: "2026-01-01T01:00:00+01:00" })],
    [
      "with a name in several languages",
      credential({
        name: [
          { "@value": "Dog", "@language": "en" },
          { "@value": "Chien", "@language": "fr" },
        ],
      }),
    ],
    ["with a direction", credential({ description: { "@value": "x", "@language": "en-GB", "@direction": "rtl" } })],
    [
      "with what says its type",
      credential({
        credentialStatus: { type: "S" },
        evidence: [{ type: ["A", "B"] }],
        termsOfUse: { type: "T", id: "urn:x:y" },
        refreshService: { type: "R" },
      }),
    ],
    [
      "with schemas",
      credential({
        credentialSchema: [
          { id: "https://example.org/s", type: "JsonSchema" },
          { id: "did:example:s", type: "https://example.org/#Own" },
        ],
      }),
    ],
    [
      "with related resources",
      credential({
        relatedResource: [
          { id: "https://example.org/a", digestSRI: SRI },
          {
            id: "https://example.org/b",
            digestMultibase: "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA",
            mediaType: "text/plain",
          },
        ],
      }),
    ],
    [
      "of data model 1.1",
      old({ expirationDate: "2027-01-01T00:00:00Z", credentialStatus: { id: "urn:x:1", type: "S" } }),
    ],
  ])("passes %s", (_, document) => {
    expect(wrongAt(() => checkCredential(document))).toBe(undefined);
  });

  it.each<[string, unknown, string]>([
    ["nothing", null, ""],
    ["a list", [credential()], ""],
    ["a text", "credential", ""],
    ["no context", without("@context"), "/@context"],
    ["a context that is no list", credential({ "@context": CREDENTIALS_V2 }), "/@context"],
    ["an empty context", credential({ "@context": [] }), "/@context"],
    [
      "another context first",
      credential({ "@context": ["https://www.w3.org/ns/credentials/examples/v2", CREDENTIALS_V2] }),
      "/@context",
    ],
    ["a number for a context", credential({ "@context": [CREDENTIALS_V2, 123192875] }), "/@context"],
    [
      "no URL for a context",
      credential({ "@context": [CREDENTIALS_V2, "https ://not-a-url/contexts/example/v1"] }),
      "/@context",
    ],
    ["no type", without("type"), "/type"],
    ["an empty type", credential({ type: [] }), "/type"],
    ["another type", credential({ type: ["MeterCredential"] }), "/type"],
    ["a number for a type", credential({ type: ["VerifiableCredential", 2] }), "/type"],
    ["null for an id", credential({ id: null }), "/id"],
    ["two ids", credential({ id: ["urn:a:b", "urn:c:d"] }), "/id"],
    ["an id that is no URL", credential({ id: "not-a-url" }), "/id"],
    ["an id with a space", credential({ id: "https ://x" }), "/id"],
    ["a web address without a host", credential({ id: "https:" + "//" }), "/id"],
    ["no issuer", without("issuer"), "/issuer"],
    ["null for an issuer", credential({ issuer: null }), "/issuer"],
    ["a number for an issuer", credential({ issuer: 12 }), "/issuer"],
    ["an issuer that is no URL", credential({ issuer: "not-a-url" }), "/issuer"],
    ["an issuer without an id", credential({ issuer: {} }), "/issuer/id"],
    ["an issuer with two", credential({ issuer: [ISSUER, ISSUER] }), "/issuer"],
    ["an issuer whose id is null", credential({ issuer: { id: null } }), "/issuer/id"],
    ["no subject", without("credentialSubject"), "/credentialSubject"],
    ["a subject without claims", credential({ credentialSubject: {} }), "/credentialSubject"],
    [
      "a subject of several without claims",
      credential({ credentialSubject: [{ id: "did:example:a" }, {}] }),
      "/credentialSubject",
    ],
    ["no subjects", credential({ credentialSubject: [] }), "/credentialSubject"],
    ["a text for a subject", credential({ credentialSubject: "did:example:s" }), "/credentialSubject"],
    [
      "a subject with two ids",
      credential({ credentialSubject: { id: ["did:example:a", "did:example:b"] } }),
      "/credentialSubject/id",
    ],
    ["a date without a zone", credential({ validFrom: "2026-01-01T00:00:00" }), "/validFrom"],
    ["a date alone", credential({ validFrom: "2026-01-01" }), "/validFrom"],
    ["a day of no calendar", credential({ validUntil: "2026-02-30T00:00:00Z" }), "/validUntil"],
    ["a number for a date", credential({ validFrom: 1767225600 }), "/validFrom"],
    ["two dates", credential({ validFrom: ["2026-01-01T00:00:00Z"] }), "/validFrom"],
    ["an end before the beginning", credential({ validUntil: "2025-12-31T23:59:59Z" }), "/validUntil"],
    [
      "a name with another member",
      credential({ name: { "@value": "x", "@language": "en", url: "did:example:c" } }),
      "/name",
    ],
    ["a number for a name", credential({ name: 7 }), "/name"],
    ["a direction that is none", credential({ name: { "@value": "x", "@direction": "up" } }), "/name"],
    [
      "an issuer's name with another member",
      credential({ issuer: { id: ISSUER, description: { "@value": "x", more: 1 } } }),
      "/issuer/description",
    ],
    ["a status without a type", credential({ credentialStatus: { id: "urn:x:y" } }), "/credentialStatus/type"],
    ["a status whose type is a number", credential({ credentialStatus: { type: 2 } }), "/credentialStatus/type"],
    [
      "a status with two ids",
      credential({ credentialStatus: { type: "S", id: ["urn:a:b", "urn:c:d"] } }),
      "/credentialStatus/id",
    ],
    [
      "a status whose id is no URL",
      credential({ credentialStatus: { type: "S", id: "not-a-url" } }),
      "/credentialStatus/id",
    ],
    ["a text for a status", credential({ credentialStatus: "urn:a:b" }), "/credentialStatus"],
    ["an empty list of evidence", credential({ evidence: [] }), "/evidence"],
    ["evidence without a type", credential({ evidence: [{ type: "E" }, {}] }), "/evidence/type"],
    ["terms of use without a type", credential({ termsOfUse: { id: "urn:x:y" } }), "/termsOfUse/type"],
    ["a refresh service without a type", credential({ refreshService: { id: "urn:x:y" } }), "/refreshService/type"],
    [
      "a refresh service whose id is a number",
      credential({ refreshService: { type: "R", id: 1 } }),
      "/refreshService/id",
    ],
    ["a render method without a type", credential({ renderMethod: { id: "urn:x:y" } }), "/renderMethod/type"],
    ["a confidence method that is a text", credential({ confidenceMethod: "urn:x:y" }), "/confidenceMethod"],
    ["a schema without a type", credential({ credentialSchema: { id: "urn:x:y" } }), "/credentialSchema/type"],
    ["a schema without an id", credential({ credentialSchema: { type: "JsonSchema" } }), "/credentialSchema/id"],
    [
      "a schema whose id is a number",
      credential({ credentialSchema: { type: "JsonSchema", id: 5 } }),
      "/credentialSchema/id",
    ],
    [
      "a schema with a digest that is none",
      credential({ credentialSchema: { type: "JsonSchema", id: "urn:x:y", digestSRI: "md5-x" } }),
      "/credentialSchema/digestSRI",
    ],
    ["a resource without an id", credential({ relatedResource: { digestSRI: SRI } }), "/relatedResource/id"],
    ["a resource without a digest", credential({ relatedResource: { id: "urn:x:y" } }), "/relatedResource"],
    [
      "a resource named twice",
      credential({
        relatedResource: [
          { id: "urn:x:y", digestSRI: SRI },
          { id: "urn:x:y", digestSRI: SRI },
        ],
      }),
      "/relatedResource/id",
    ],
    ["a text for a resource", credential({ relatedResource: "urn:x:y" }), "/relatedResource"],
    [
      "a digest that is no multihash",
      credential({ relatedResource: { id: "urn:x:y", digestMultibase: "mAAAA" } }),
      "/relatedResource/digestMultibase",
    ],
    [
      "1.1 without a date",
      Object.fromEntries(Object.entries(old()).filter(([name]) => name !== "issuanceDate")),
      "/issuanceDate",
    ],
    ["1.1 that ends before it begins", old({ expirationDate: "2025-01-01T00:00:00Z" }), "/expirationDate"],
    ["1.1 with a status without an id", old({ credentialStatus: { type: "S" } }), "/credentialStatus/id"],
    ["a function", credential({ name: () => "x" } as unknown as JsonObject), ""],
    ["a date object", credential({ validFrom: new Date() } as unknown as JsonObject), ""],
    ["a number that is none", credential({ credentialSubject: { "ex:a": Number.NaN } }), ""],
    ["too many values", credential({ evidence: Array.from({ length: DOCUMENT_LIMITS.values }, () => 1) }), ""],
    [
      "too many of a kind",
      credential({ evidence: Array.from({ length: DOCUMENT_LIMITS.entries + 1 }, () => ({ type: "E" })) }),
      "/evidence",
    ],
    [
      "too many contexts",
      credential({ "@context": [CREDENTIALS_V2, ...Array.from({ length: DOCUMENT_LIMITS.contexts }, () => ({}))] }),
      "/@context",
    ],
    ["too much text", credential({ name: "x".repeat(DOCUMENT_LIMITS.characters) }), ""],
  ])("is refused with %s", (_, document, path) => {
    expect(wrongAt(() => checkCredential(document))).toBe(path);
  });

  it("is refused where it is nested too deep, without recursing all the way", () => {
    let deep: Json = "x";
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(wrongAt(() => checkCredential(credential({ evidence: deep })))).toBe("");
  });

  it("is refused or read, whatever is given, and nothing else is thrown", () => {
    const names = Object.keys(
      credential({ proof: {}, evidence: {}, relatedResource: {}, credentialStatus: {}, name: "" }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 4 }), (name, value) => {
        wrongAt(() => checkCredential(credential({ [name]: value as Json })));
        wrongAt(() => checkCredential(value));
        wrongAt(() => checkPresentation({ ...presentation(), [name]: value }));
      }),
    );
  });
});

const presentation = (members: JsonObject = {}): JsonObject => ({
  "@context": [CREDENTIALS_V2],
  type: ["VerifiablePresentation"],
  ...members,
});
const envelope = (members: JsonObject = {}): JsonObject => ({
  "@context": CREDENTIALS_V2,
  type: "EnvelopedVerifiableCredential",
  id: "data:application/vc+jwt,eyJhbGciOiJFUzI1NiJ9.e30.x",
  ...members,
});

describe("a presentation", () => {
  it("is read: who presents what", () => {
    const checked = checkPresentation(
      presentation({
        holder: { id: "did:example:h" },
        verifiableCredential: [credential(), envelope()],
        id: "urn:x:y",
      }),
    );
    expect(checked).toMatchObject({ holder: "did:example:h", id: "urn:x:y" });
    expect(checked.credentials.map(({ enveloped }) => enveloped)).toEqual([false, true]);
  });

  it.each<[string, JsonObject]>([
    ["without credentials", presentation()],
    ["with an empty set of them", presentation({ verifiableCredential: [] })],
    ["with one that is no list", presentation({ verifiableCredential: credential() })],
    ["of data model 1.1", presentation({ "@context": [CREDENTIALS_V1], verifiableCredential: [old()] })],
  ])("passes %s", (_, document) => {
    expect(wrongAt(() => checkPresentation(document))).toBe(undefined);
  });

  it.each<[string, unknown, string]>([
    ["a credential in its place", credential(), "/type"],
    ["no context", { type: ["VerifiablePresentation"] }, "/@context"],
    ["no type", { "@context": [CREDENTIALS_V2] }, "/type"],
    ["an id that is no URL", presentation({ id: "nothing" }), "/id"],
    ["a holder that is no URL", presentation({ holder: "nobody" }), "/holder"],
    ["a holder without an id", presentation({ holder: { name: "x" } }), "/holder/id"],
    ["null for a holder", presentation({ holder: null }), "/holder"],
    [
      "a text for a credential",
      presentation({ verifiableCredential: ["https://example.org/c"] }),
      "/verifiableCredential/0",
    ],
    ["a number for a credential", presentation({ verifiableCredential: 7 }), "/verifiableCredential/0"],
    [
      "a credential that is none",
      presentation({ verifiableCredential: [credential(), credential({ type: ["MeterCredential"] })] }),
      "/verifiableCredential/1/type",
    ],
    [
      "an envelope without a context",
      presentation({ verifiableCredential: [envelope({ "@context": [] })] }),
      "/verifiableCredential/0/@context",
    ],
    [
      "an envelope under another context",
      presentation({
        verifiableCredential: [envelope({ "@context": "https://www.w3.org/ns/credentials/examples/v2" })],
      }),
      "/verifiableCredential/0/@context",
    ],
    [
      "an envelope whose id is no data: URL",
      presentation({ verifiableCredential: [envelope({ id: "eyJhbGciOiJFUzI1NiJ9.e30.x" })] }),
      "/verifiableCredential/0/id",
    ],
    [
      "an envelope with another type beside",
      presentation({
        verifiableCredential: [envelope({ type: ["EnvelopedVerifiableCredential", "VerifiableCredential"] })],
      }),
      "/verifiableCredential/0/type",
    ],
    ["terms of use without a type", presentation({ termsOfUse: {} }), "/termsOfUse/type"],
    [
      "too many credentials",
      presentation({
        verifiableCredential: Array.from({ length: DOCUMENT_LIMITS.credentials + 1 }, () => credential()),
      }),
      "/verifiableCredential",
    ],
  ])("is refused with %s", (_, document, path) => {
    expect(wrongAt(() => checkPresentation(document))).toBe(path);
  });
});
