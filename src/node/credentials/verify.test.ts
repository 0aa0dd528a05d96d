import { createHash } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { encodeUtf8, isHansaError, type JsonObject, systemClock } from "#base";
import {
  addContexts,
  createCredentialSigner,
  credentialError,
  DidResolver,
  issueCredential,
  keyMethod,
  SchemaJudge,
} from "#identity";
import { Verifier } from "./verify.ts";

const signer = createCredentialSigner("Ed25519");
const judge = new SchemaJudge();
afterAll(() => judge.close());
/** A context of the node's own configuration. */
const OWN = "https://contexts.example/schemas";
const contexts = addContexts(new Map([[OWN, { "@context": { edition: "https://contexts.example/terms#edition" } }]]));
const SCHEMA = "https://schemas.example/label.json";
const HANDBOOK = "https://files.example/handbook.pdf";
const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: { credentialSubject: { type: "object", required: ["alumniOf"] } },
};
const files = new Map<string, Uint8Array>([
  [SCHEMA, encodeUtf8(JSON.stringify(schema))],
  [HANDBOOK, encodeUtf8("the handbook")],
]);
const digestSRI = `sha256-${createHash("sha256").update("the handbook").digest("base64")}`;

async function fetchResource(url: string): Promise<Uint8Array> {
  const bytes = files.get(url);
  if (bytes === undefined) throw credentialError("credentials.unreachable", "there is nothing");
  return bytes;
}

function verifier(fetches: boolean): Verifier {
  const status = async () => {};
  const resolver = new DidResolver([keyMethod]);
  const fetched = fetches ? { fetch: fetchResource, judge } : undefined;
  return new Verifier({ resolver, groups: [], status, contexts, fetched, clock: systemClock });
}

function issue(more: JsonObject, claims: JsonObject = { alumniOf: "X" }): Promise<JsonObject> {
  const credential = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    type: ["VerifiableCredential"],
    issuer: signer.controller,
    credentialSubject: { id: "did:example:subject", ...claims },
    ...more,
  };
  return issueCredential(credential, signer, { suite: "eddsa-jcs-2022", contexts });
}

async function codeOf(credential: JsonObject, fetches = true): Promise<string> {
  try {
    const { unchecked } = await verifier(fetches).credential(credential, {}, { mayRead: () => false });
    return unchecked.length === 0 ? "good" : `unchecked ${unchecked.join(", ")}`;
  } catch (error) {
    if (isHansaError(error)) return error.code;
    throw error;
  }
}

describe("schemas and related resources", () => {
  const ofSchema = { credentialSchema: { id: SCHEMA, type: "JsonSchema" } };
  const resource = (digest: object, id = HANDBOOK) => ({ relatedResource: [{ id, ...digest }] }) as JsonObject;

  it("are fetched and held against the credential", async () => {
    expect(await codeOf(await issue(ofSchema))).toBe("good");
    expect(await codeOf(await issue(ofSchema, { name: "nothing of what is required" }))).toBe("credentials.schema");
    expect(await codeOf(await issue(resource({ digestSRI })))).toBe("good");
    expect(await codeOf(await issue(resource({ digestSRI: digestSRI.replace(/-./, "-A") })))).toBe(
      "credentials.digest",
    );
  });

  it("that cannot be had, or are no schema, let no credential pass", async () => {
    const missing = { credentialSchema: { id: "https://schemas.example/none.json", type: "JsonSchema" } };
    expect(await codeOf(await issue(missing))).toBe("credentials.schema");
    files.set("https://schemas.example/bad.json", encodeUtf8("{"));
    const bad = { credentialSchema: { id: "https://schemas.example/bad.json", type: "JsonSchema" } };
    expect(await codeOf(await issue(bad))).toBe("credentials.schema");
    expect(await codeOf(await issue(resource({ digestSRI }, "https://files.example/none")))).toBe("credentials.digest");
    const program = { $schema: schema.$schema, properties: { name: { type: "string", pattern: "^(a+)+$" } } };
    files.set("https://schemas.example/program.json", encodeUtf8(JSON.stringify(program)));
    const endless = {
      name: "a".repeat(40),
      credentialSchema: { id: "https://schemas.example/program.json", type: "JsonSchema" },
    };
    expect(await codeOf(await issue({ ...endless, name: `${endless.name}!` }))).toBe("credentials.schema");
    expect(await codeOf(await issue(endless))).toBe("good");
    const unsigned = { credentialSchema: { id: SCHEMA, type: "JsonSchemaCredential" } };
    expect(await codeOf(await issue(unsigned))).toMatch(/^credentials\./);
  });

  it("may be claims of a credential under a context of the node's own", async () => {
    const of = { id: "https://schemas.example/signed.json", type: "JsonSchemaCredential" };
    const more = {
      "@context": ["https://www.w3.org/ns/credentials/v2", OWN],
      type: ["VerifiableCredential", "JsonSchemaCredential"],
      edition: "third",
    };
    const signed = await issue(more, { type: "JsonSchema", jsonSchema: schema });
    files.set(of.id, encodeUtf8(JSON.stringify(signed)));
    expect(await codeOf(await issue({ credentialSchema: of }))).toBe("good");
    expect(await codeOf(await issue({ credentialSchema: of }, { name: "X" }))).toBe("credentials.schema");
    files.set(of.id, encodeUtf8(JSON.stringify({ ...signed, edition: "fourth" })));
    expect(await codeOf(await issue({ credentialSchema: of }))).toBe("credentials.signature");
  });

  it("are told to be unchecked where nothing is fetched, or their type is not known", async () => {
    expect(await codeOf(await issue(ofSchema), false)).toBe("unchecked credentialSchema");
    expect(await codeOf(await issue(resource({ digestSRI })), false)).toBe("unchecked relatedResource");
    const other = { credentialSchema: { id: "did:example:1", type: "https://example.org/#Schema" } };
    expect(await codeOf(await issue(other))).toBe("unchecked credentialSchema");
  });
});
