import { createHash } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { encodeUtf8, type JsonObject } from "#base";
import { CREDENTIALS_V1, CREDENTIALS_V2 } from "./contexts/bundled-contexts.ts";
import { codeOf, credentialOf, keys, NOW, signerOf } from "./credentials.suite.ts";
import { addProof } from "./data-integrity/add-proof.ts";
import { credentialError } from "./errors.ts";
import { issueCredential } from "./issue-credential.ts";
import type { SchemaSource } from "./schema-check.ts";
import { SchemaJudge } from "./schema-judge.ts";
import { type VerifyOptions, verifyCredential } from "./verify-credential.ts";

const issuer = signerOf(21);
const other = signerOf(22);
const suite = "eddsa-jcs-2022";
const issue = (members: JsonObject = {}) =>
  issueCredential(credentialOf(issuer.controller, members), issuer, { suite, created: NOW });
const verify = (credential: unknown, more: Partial<VerifyOptions> = {}) =>
  verifyCredential(credential, { keys, now: NOW, ...more });
const codeFor = (credential: unknown, more?: Partial<VerifyOptions>) => codeOf(() => verify(credential, more));

describe("issuing", () => {
  it("signs for the issuer alone", async () => {
    expect(await codeOf(() => issueCredential(credentialOf(issuer.controller), other, { suite }))).toBe(
      "credentials.key",
    );
  });

  it("adds to the proofs that are there, whoever's", async () => {
    const signed = await issueCredential(await issue(), other, { suite });
    expect((await verify(signed)).proofs.map(({ controller }) => controller)).toEqual([
      issuer.controller,
      other.controller,
    ]);
  });

  it("leaves alone what it was given", async () => {
    const credential = credentialOf(issuer.controller);
    const before = structuredClone(credential);
    await issueCredential(credential, issuer, { suite });
    expect(credential).toEqual(before);
  });

  it.each<[string, JsonObject, string]>([
    ["what is no credential", { type: ["VerifiableCredential"] }, "credentials.document"],
    [
      "one of data model 1.1",
      {
        "@context": [CREDENTIALS_V1],
        type: ["VerifiableCredential"],
        issuer: issuer.controller,
        issuanceDate: "2026-01-01T00:00:00Z",
        credentialSubject: { id: "did:example:s" },
      },
      "credentials.document",
    ],
    [
      "an envelope",
      { "@context": CREDENTIALS_V2, type: "EnvelopedVerifiableCredential", id: "data:application/vc+jwt,x" },
      "credentials.document",
    ],
    [
      "a type that no context defines",
      { ...credentialOf(issuer.controller), "@context": [CREDENTIALS_V2] },
      "credentials.term",
    ],
    [
      "an unknown context",
      { ...credentialOf(issuer.controller), "@context": [CREDENTIALS_V2, "https://example.com"] },
      "credentials.context",
    ],
    ["a proof that is none", { ...credentialOf(issuer.controller), proof: { type: "Nothing" } }, "credentials.proof"],
    ["a proof without a type", { ...credentialOf(issuer.controller), proof: {} }, "credentials.proof"],
  ])("refuses %s", async (_, credential, code) => {
    expect(await codeOf(() => issueCredential(credential, issuer, { suite }))).toBe(code);
  });
});

describe("a credential", () => {
  it("that holds is told with what it says", async () => {
    const signed = await issue();
    expect(await verify(signed)).toMatchObject({
      credential: signed,
      issuer: issuer.controller,
      types: ["VerifiableCredential", "MeterCredential"],
      proofs: [{ controller: issuer.controller, created: NOW }],
      unchecked: [],
    });
  });

  it("of data model 1.1 holds, too", async () => {
    const old = {
      "@context": [CREDENTIALS_V1],
      type: ["VerifiableCredential"],
      issuer: issuer.controller,
      issuanceDate: "2026-01-01T00:00:00Z",
      expirationDate: "2026-07-01T00:00:00Z",
      credentialSubject: { id: "did:example:s" },
    };
    const signed = await addProof(old, issuer, { suite, purpose: "assertionMethod" });
    expect((await verify(signed)).validUntil).toBe(Date.UTC(2026, 6, 1));
    expect(await codeFor(signed, { now: Date.UTC(2026, 6, 1) })).toBe("credentials.expired");
    expect(await codeFor({ ...signed, expirationDate: "2030-07-01T00:00:00Z" })).toBe("credentials.signature");
  });

  it("holds within its dates alone, to the millisecond", async () => {
    const signed = await issue({ validFrom: "2026-06-01T11:00:00Z", validUntil: "2026-06-01T13:00:00Z" });
    expect(await codeFor(signed)).toBe(undefined);
    expect(await codeFor(signed, { now: Date.UTC(2026, 5, 1, 13) })).toBe("credentials.expired");
    const later = await issue({ validFrom: "2026-06-01T12:00:00.001Z" });
    expect(await codeFor(later)).toBe("credentials.not-yet");
    expect(await codeFor(later, { now: NOW + 1 })).toBe(undefined);
  });

  it("is not the issuer's where somebody else signed in his name", async () => {
    const forged = await addProof(credentialOf(issuer.controller), other, { suite, purpose: "assertionMethod" });
    expect(await codeFor(forged)).toBe("credentials.key");
    const claimed = await addProof(
      credentialOf(issuer.controller),
      { ...other, id: issuer.id },
      { suite, purpose: "assertionMethod" },
    );
    expect(await codeFor(claimed)).toBe("credentials.signature");
  });

  it("has to be asserted, not but authenticated", async () => {
    const signed = await addProof(credentialOf(issuer.controller), issuer, { suite, purpose: "authentication" });
    expect(await codeFor(signed)).toBe("credentials.proof");
    expect(await codeFor(await issue(), { purpose: "authentication" })).toBe("credentials.proof");
  });

  it("stripped of its proof, or of its context, is none", async () => {
    const { proof: _, ...stripped } = await issue();
    expect(await codeFor(stripped)).toBe("credentials.proof");
    const { "@context": __, ...bare } = await issue();
    expect(await codeFor(bare)).toBe("credentials.document");
  });

  it("in an envelope is not opened here", async () => {
    const envelope = {
      "@context": CREDENTIALS_V2,
      type: "EnvelopedVerifiableCredential",
      id: "data:application/vc+jwt,x",
    };
    expect(await codeFor(envelope)).toBe("credentials.document");
  });

  it("fails for what comes first: its document, its proof, its dates, its status", async () => {
    const signed = await issue({
      validUntil: "2026-02-01T00:00:00Z",
      credentialStatus: { type: "https://example.org/Status" },
    });
    expect(await codeFor({ ...signed, id: "nothing" })).toBe("credentials.document");
    expect(await codeFor({ ...signed, id: "urn:x:y" })).toBe("credentials.signature");
    expect(await codeFor(signed)).toBe("credentials.expired");
    expect(await codeFor(signed, { now: Date.UTC(2026, 5, 1, 12) - 180 * 86_400_000 })).toBe("credentials.not-yet");
  });
});

describe("the status of a credential", () => {
  const entries = [
    { type: "https://example.org/Status", id: "urn:x:1" },
    { type: "https://example.org/Status", id: "urn:x:2" },
  ];

  it("is asked for, of each entry", async () => {
    const signed = await issue({ credentialStatus: entries });
    const asked: unknown[] = [];
    const status = async (entry: JsonObject, credential: JsonObject) => {
      asked.push([entry["id"], credential["issuer"]]);
    };
    expect(await codeFor(signed, { status })).toBe(undefined);
    expect(asked).toEqual([
      ["urn:x:1", issuer.controller],
      ["urn:x:2", issuer.controller],
    ]);
  });

  it("makes it fail where it was revoked", async () => {
    const status = async ({ id }: JsonObject) => {
      if (id === "urn:x:2") throw credentialError("credentials.status", "revoked");
    };
    expect(await codeFor(await issue({ credentialStatus: entries }), { status })).toBe("credentials.status");
  });

  it("that cannot be told makes it fail, unless the verifier does without", async () => {
    const signed = await issue({ credentialStatus: entries });
    expect(await codeFor(signed)).toBe("credentials.status-unknown");
    expect((await verify(signed, { checkStatus: false })).unchecked).toEqual(["credentialStatus"]);
  });
});

describe("the issuer of a credential", () => {
  const recognised: VerifyOptions["recognised"] = (did, types, time) =>
    did === issuer.controller && types.includes("MeterCredential") && types.length === 1 && time < NOW + 10;

  it("has to be recognised for its types, now", async () => {
    const signed = await issue();
    expect(await codeFor(signed, { recognised })).toBe(undefined);
    expect(await codeFor(signed, { recognised, now: NOW + 10 })).toBe("credentials.issuer");
    expect(
      await codeFor(await issue({ type: ["VerifiableCredential", "MeterCredential", "OtherCredential"] }), {
        recognised,
      }),
    ).toBe("credentials.issuer");
  });

  it("may be asked for as of when it was issued", async () => {
    expect(await codeFor(await issue(), { recognised, now: NOW + 10, recognisedAt: "issued" })).toBe(undefined);
  });
});

describe("the schema of a credential", () => {
  const schema = {
    $id: "https://example.org/meter.json",
    type: "object",
    properties: {
      credentialSubject: {
        type: "object",
        required: ["serial"],
        properties: { serial: { type: "string", pattern: "^M-" }, maximum: { maximum: 100 }, made: { format: "date" } },
      },
    },
  };
  const named = { id: "https://example.org/meter.json", type: "JsonSchema" };
  const subject = (more: JsonObject) => ({
    credentialSchema: named,
    credentialSubject: { id: "did:example:s", serial: "M-1", ...more },
  });
  const judge = new SchemaJudge();
  afterAll(() => judge.close());
  const from = (source: SchemaSource) => ({ schemas: { source, judge } });
  const known = from(async () => schema);

  it("has to fit", async () => {
    expect((await verify(await issue(subject({})), known)).unchecked).toEqual([]);
    for (const wrong of [{ serial: "X" }, { maximum: 101 }, { made: "yesterday" }])
      expect(await codeFor(await issue(subject(wrong)), known)).toBe("credentials.schema");
  });

  it("may be a credential's claim, or of an older dialect", async () => {
    const signed = await issue({ ...subject({}), credentialSchema: { ...named, type: "JsonSchemaCredential" } });
    const asked: string[] = [];
    const source = async (_: string, type: string) => {
      asked.push(type);
      return { credentialSubject: { jsonSchema: { ...schema, $schema: "http://json-schema.org/draft-07/schema#" } } };
    };
    expect(await codeFor(signed, from(source))).toBe(undefined);
    expect(asked).toEqual(["JsonSchemaCredential"]);
    expect(await codeFor(signed, known)).toBe("credentials.schema");
  });

  it("may be given as bytes, which have to have the digest", async () => {
    const bytes = encodeUtf8(JSON.stringify(schema));
    const digestSRI = `sha256-${createHash("sha256").update(bytes).digest("base64")}`;
    const signed = await issue({ ...subject({}), credentialSchema: { ...named, digestSRI } });
    expect(
      await codeFor(
        signed,
        from(async () => bytes),
      ),
    ).toBe(undefined);
    expect(
      await codeFor(
        signed,
        from(async () => encodeUtf8(JSON.stringify({ ...schema, more: 1 }))),
      ),
    ).toBe("credentials.schema");
  });

  it.each<[string, unknown]>([
    ["cannot be had", undefined],
    ["is of an unknown dialect", { $schema: "http://json-schema.org/draft-04/schema#" }],
    ["is none", { type: "nobody" }],
    ["refers to what it does not hold", { $ref: "https://example.org/elsewhere.json" }],
    ["is no JSON", encodeUtf8("{")],
    ["is no object", encodeUtf8("[]")],
    ["is too large", { description: "x".repeat(300_000) }],
  ])("makes it fail where it %s", async (_, found) => {
    expect(
      await codeFor(
        await issue(subject({})),
        from(async () => found as JsonObject),
      ),
    ).toBe("credentials.schema");
  });

  it("of a type that is not known, or without a source, is told to be unchecked", async () => {
    const own = await issue({ credentialSchema: { id: "did:example:schemas:1", type: "https://example.org/#Own" } });
    expect((await verify(own, known)).unchecked).toEqual(["credentialSchema"]);
    expect((await verify(await issue(subject({ serial: "X" })))).unchecked).toEqual(["credentialSchema"]);
  });
});

describe("related resources", () => {
  const bytes = encodeUtf8("a picture");
  const digestSRI = `sha384-${createHash("sha384").update(bytes).digest("base64")}`;
  const related = { relatedResource: [{ id: "https://example.org/picture.png", digestSRI }] };

  it("have to have their digests", async () => {
    const signed = await issue(related);
    expect(await codeFor(signed, { resources: async () => bytes })).toBe(undefined);
    expect(await codeFor(signed, { resources: async () => encodeUtf8("another") })).toBe("credentials.digest");
    expect(await codeFor(signed, { resources: async () => undefined })).toBe("credentials.digest");
    expect((await verify(signed)).unchecked).toEqual(["relatedResource"]);
  });
});
