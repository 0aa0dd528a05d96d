import { beforeAll, describe, expect, it } from "vitest";
import type { Json, JsonObject } from "#base";
import { CREDENTIALS_V2 } from "../contexts/bundled-contexts.ts";
import { codeOf, keys, NOW, signerOf } from "../credentials.suite.ts";
import { issueCredential } from "../issue-credential.ts";
import { verifyCredential } from "../verify-credential.ts";
import { deriveCredential } from "./ecdsa-sd-2023.ts";

const EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2";
const OF_CREDENTIALS = "https://www.w3.org/2018/credentials#";
const DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime";
const issuer = signerOf(7);
const LATER = Date.UTC(2030, 0, 1);

/** Rewrites a signed credential into another text that says the same in RDF. */
type Rewrite = (credential: JsonObject) => JsonObject;

const without = (document: JsonObject, ...names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(document).filter(([name]) => !names.includes(name)));
const withContext = (document: JsonObject, context: Json): JsonObject => ({
  ...document,
  "@context": [...(document["@context"] as readonly Json[]), context],
});
const subjectOf = (document: JsonObject): JsonObject => document["credentialSubject"] as JsonObject;

describe("a credential signed over RDF", () => {
  let signed: JsonObject;
  const options = { keys, now: NOW, checkStatus: false };

  beforeAll(async () => {
    signed = await issueCredential(
      {
        "@context": [CREDENTIALS_V2, EXAMPLES],
        id: "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        type: ["VerifiableCredential", "MeterCredential"],
        issuer: issuer.controller,
        validUntil: "2027-01-01T00:00:00Z",
        credentialStatus: {
          id: "https://lists.example/1#5",
          type: "BitstringStatusListEntry",
          statusPurpose: "revocation",
          statusListIndex: "5",
          statusListCredential: "https://lists.example/1",
        },
        credentialSubject: { id: "did:example:meter", nickname: "admin", weight: 5.5, seat: { row: 3 } },
      },
      issuer,
      { suite: "eddsa-rdfc-2022", created: NOW },
    );
  });

  it("holds as it was issued", async () => {
    expect(await codeOf(() => verifyCredential(signed, options))).toBeUndefined();
    expect(await codeOf(() => verifyCredential(signed, { ...options, now: LATER }))).toBe("credentials.expired");
  });

  const status = (): Json => signed["credentialStatus"] as Json;
  const until = (): JsonObject => ({ "@value": signed["validUntil"] as Json, "@type": DATE_TIME });

  it.each<[string, Rewrite]>([
    ["an expiry under its IRI", (c) => ({ ...without(c, "validUntil"), [`${OF_CREDENTIALS}validUntil`]: until() })],
    [
      "an expiry under a name made up for it",
      (c) =>
        withContext(
          { ...without(c, "validUntil"), till: c["validUntil"] as Json },
          { till: { "@id": `${OF_CREDENTIALS}validUntil`, "@type": DATE_TIME } },
        ),
    ],
    [
      "an expiry under a compact IRI",
      (c) => withContext({ ...without(c, "validUntil"), "cred:validUntil": until() }, { cred: OF_CREDENTIALS }),
    ],
    [
      "an expiry beside the credential",
      (c) => ({
        ...without(c, "validUntil"),
        "@included": [{ id: c["id"] as Json, [`${OF_CREDENTIALS}validUntil`]: until() }],
      }),
    ],
    [
      "an expiry in a nest",
      (c) =>
        withContext({ ...without(c, "validUntil"), nest: { validUntil: c["validUntil"] as Json } }, { nest: "@nest" }),
    ],
    [
      "an expiry in a nest by keyword",
      (c) => ({ ...without(c, "validUntil"), "@nest": { validUntil: c["validUntil"] as Json } }),
    ],
    [
      "a status under its IRI",
      (c) => ({ ...without(c, "credentialStatus"), [`${OF_CREDENTIALS}credentialStatus`]: status() }),
    ],
    [
      "a status said from the other end",
      (c) => ({
        ...without(c, "credentialStatus"),
        "@included": [
          {
            ...(status() as JsonObject),
            "@reverse": { [`${OF_CREDENTIALS}credentialStatus`]: { id: c["id"] as Json } },
          },
        ],
      }),
    ],
    [
      "a part of a status elsewhere",
      (c) => ({
        ...c,
        credentialStatus: without(status() as JsonObject, "statusPurpose"),
        "@included": [
          { id: "https://lists.example/1#5", "https://www.w3.org/ns/credentials/status#statusPurpose": "revocation" },
        ],
      }),
    ],
    [
      "an expiry with what else bears the credential's id",
      (c) => ({
        ...without(c, "validUntil"),
        credentialSubject: { ...subjectOf(c) },
        "@graph": [{ id: c["id"] as Json, type: "VerifiableCredential", validUntil: c["validUntil"] as Json }],
      }),
    ],
    [
      "a status under the rest of its IRI behind a vocabulary",
      (c) =>
        withContext(
          { ...without(c, "credentialStatus"), "2018/credentials#credentialStatus": status() },
          {
            "@vocab": "https://www.w3.org/",
            ex: "https://www.w3.org/ns/credentials/examples#",
            MeterCredential: "ex:MeterCredential",
            nickname: "ex:nickname",
            weight: "ex:weight",
            seat: "ex:seat",
            row: "ex:row",
          },
        ),
    ],
    [
      "a status under a prefix that has a slash",
      (c) =>
        withContext({ ...without(c, "credentialStatus"), "a/b:credentialStatus": status() }, { "a/b": OF_CREDENTIALS }),
    ],
    [
      "an expiry under a prefix that has a slash",
      (c) => withContext({ ...without(c, "validUntil"), "a/b:validUntil": until() }, { "a/b": OF_CREDENTIALS }),
    ],
    ["a type by keyword", (c) => ({ ...c, type: ["VerifiableCredential"], "@type": "MeterCredential" })],
    ["an id by keyword", (c) => ({ ...without(c, "id"), "@id": c["id"] as Json })],
    [
      "a claim under another name",
      (c) =>
        withContext(
          { ...c, credentialSubject: { ...without(subjectOf(c), "nickname"), role: "admin" } },
          { role: "https://www.w3.org/ns/credentials/examples#nickname" },
        ),
    ],
    [
      "a claim under the end of its name",
      (c) =>
        withContext(
          { ...c, credentialSubject: { ...without(subjectOf(c), "nickname"), name2: "admin" } },
          {
            "@vocab": "https://www.w3.org/ns/credentials/examples#nick",
            name2: { "@id": "https://www.w3.org/ns/credentials/examples#nickname" },
          },
        ),
    ],
    [
      "a claim under another name, of a context of its own",
      (c) => ({
        ...c,
        credentialSubject: {
          "@context": { role: "https://www.w3.org/ns/credentials/examples#nickname" },
          ...without(subjectOf(c), "nickname"),
          role: "admin",
        },
      }),
    ],
    [
      "a type under another name",
      (c) =>
        withContext(
          { ...c, type: ["VerifiableCredential", "AdminCredential"] },
          { AdminCredential: "https://www.w3.org/ns/credentials/examples#MeterCredential" },
        ),
    ],
    ["an index", (c) => ({ ...c, credentialSubject: { ...subjectOf(c), "@index": "admin" } })],
    [
      "an index by the name of a claim",
      (c) => withContext({ ...c, credentialSubject: { ...subjectOf(c), role: "admin" } }, { role: "@index" }),
    ],
    [
      "keys of an index map",
      (c) =>
        withContext(
          { ...c, credentialSubject: { ...subjectOf(c), seat: { admin: { row: 3 } } } },
          { seat: { "@id": "https://www.w3.org/ns/credentials/examples#seat", "@container": "@index" } },
        ),
    ],
    ["a claim that is null", (c) => ({ ...c, credentialSubject: { ...subjectOf(c), role: null } })],
    [
      "a claim whose value is null",
      (c) => ({
        ...c,
        credentialSubject: { ...subjectOf(c), role: { "@value": null, "@type": "https://a.example/admin" } },
      }),
    ],
    [
      "a claim that is a set of nothing",
      (c) => ({ ...c, credentialSubject: { ...subjectOf(c), role: { "@set": [] } } }),
    ],
    [
      "a number that goes on as text",
      (c) => ({
        ...c,
        credentialSubject: {
          ...subjectOf(c),
          weight: { "@value": "5.5 tons", "@type": "http://www.w3.org/2001/XMLSchema#double" },
        },
      }),
    ],
    [
      "half a surrogate pair",
      (c) => ({ ...c, credentialSubject: { ...subjectOf(c), nickname: "admin", "\ud800": [] } }),
    ],
  ])("does not hold with %s", async (_, rewrite) => {
    const code = await codeOf(() => verifyCredential(rewrite(signed), { ...options, now: LATER }));
    const early = await codeOf(() => verifyCredential(rewrite(signed), options));
    expect([code, early]).not.toContain(undefined);
    expect(early).not.toBe("credentials.expired");
  });

  it("does not hold with an expiry under its IRI where claims were disclosed by choice, either", async () => {
    const maker = signerOf(9, "P-256");
    const { proof: _, ...credential } = signed;
    const whole = await issueCredential({ ...credential, issuer: maker.controller }, maker, { suite: "ecdsa-sd-2023" });
    const shown = await deriveCredential(whole, { selectivePointers: ["/credentialSubject/nickname"] });
    expect(await codeOf(() => verifyCredential(shown, options))).toBeUndefined();
    const hidden = { ...without(shown, "validUntil"), [`${OF_CREDENTIALS}validUntil`]: until() };
    expect(await codeOf(() => verifyCredential(hidden, options))).toBe("credentials.document");
  });

  it.each<[string, Json]>([
    [
      "names of the IRIs' own, prefixes and vocabularies",
      [{ ex: "https://a.example/terms#", serial: "ex:serial", "@vocab": "https://b.example/" }],
    ],
    [
      "terms within a type, and nothing in place of a term",
      [
        {
          Meter: {
            "@id": "https://a.example/Meter",
            "@context": { id: "@id", serial: "https://a.example/#serial", other: null },
          },
        },
      ],
    ],
  ])("may bring contexts of its own with %s", async (_, contexts) => {
    const { proof: __, ...credential } = signed;
    const subject = { id: "did:example:meter", type: "Meter", serial: "7" };
    const document = {
      ...credential,
      "@context": [CREDENTIALS_V2, EXAMPLES, ...(contexts as readonly Json[])],
      credentialSubject: subject,
    };
    const whole = await issueCredential(document, issuer, { suite: "eddsa-rdfc-2022" });
    expect(await codeOf(() => verifyCredential(whole, options))).toBeUndefined();
  });
});
