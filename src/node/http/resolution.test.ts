import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HansaError } from "#base";
import { createSigner, encodeMultikey } from "#crypto";
import {
  type DidDereferencingResult,
  type DidResolutionResult,
  operation,
  REQUEST_SCHEME,
  RESOLUTION_TYPES,
  signConnectionToken,
  signRequestToken,
} from "#protocol";
import { createParty, dereferenceDidUrl, type Party, resolveDid } from "#sdk";
import { startTestNode, type TestNode } from "./node.suite.ts";

const { result, dereferencing, document, documentJson, documentJsonLd, legacyResult, uriList } = RESOLUTION_TYPES;
const KEY = "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";
const pathOf = (url: string, options = "") => `/1.0/identifiers/${encodeURIComponent(url)}${options}`;

interface Answered {
  readonly status: number;
  readonly type: string | null;
  readonly location: string | null;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it looks for in it
  readonly json: any;
}

async function get(at: TestNode, path: string, accept?: string, authorization?: string): Promise<Answered> {
  const headers: Record<string, string> = {
    ...(accept === undefined ? {} : { accept }),
    ...(authorization === undefined ? {} : { authorization }),
  };
  const response = await fetch(at.node.url + path, { headers, redirect: "manual" });
  const text = await response.text();
  const { headers: got } = response;
  expect(got.get("vary")).toBe("accept");
  const json = text.startsWith("{") ? JSON.parse(text) : undefined;
  return { status: response.status, type: got.get("content-type"), location: got.get("location"), text, json };
}

async function newIdentity(at: TestNode): Promise<Party> {
  const party = createParty("hanse", createSigner("Ed25519"));
  const publicKey = encodeMultikey({ algorithm: "Ed25519", bytes: party.signer.publicKey });
  await at.send([operation("identity.create", { publicKey })], [at.acme, party]);
  return party;
}

const service = (id: string, endpoint: string) => ({ id, type: "Files", endpoint });

describe("the resolver of a node", () => {
  let at: TestNode;
  let subject: Party;
  let gone: Party;
  beforeAll(async () => {
    at = await startTestNode();
    subject = await newIdentity(at);
    for (const endpoint of ["https://example.org/one/", "https://example.org/files/"])
      await at.send(
        [operation("identity.setService", { did: subject.did, service: service("files", endpoint) })],
        [subject],
      );
    gone = await newIdentity(at);
    await at.send([operation("identity.deactivate", { did: gone.did })], [gone]);
  });
  afterAll(() => at.close());

  it("answers the result of DID Resolution, with what is known of the document and where it was read", async () => {
    const plain = await get(at, `/1.0/identifiers/${subject.did}`);
    expect([plain.status, plain.type]).toEqual([200, result]);
    const { didDocument, didResolutionMetadata, didDocumentMetadata } = plain.json as DidResolutionResult;
    expect(didDocument).toMatchObject({
      id: subject.did,
      verificationMethod: [{ id: subject.kid, type: "Multikey", controller: subject.did }],
      service: [{ id: `${subject.did}#files`, serviceEndpoint: "https://example.org/files/" }],
    });
    expect(didResolutionMetadata).toEqual({ contentType: "application/did" });
    const moment = expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(didDocumentMetadata).toEqual({
      created: moment,
      updated: moment,
      versionId: "3",
      method: { group: at.groupId, height: at.node.groups[0]?.height },
    });
    expect((await get(at, pathOf(subject.did))).text).toBe(plain.text);
    for (const accept of [result, legacyResult, "*/*", `text/html, ${result};q=0.5`])
      expect((await get(at, pathOf(subject.did), accept)).json).toEqual(plain.json);
    expect((await get(at, pathOf(subject.did), legacyResult)).type).toBe(legacyResult);
  });

  it("answers the bare document in each of its types, and 406 to whoever takes none", async () => {
    const { didDocument } = (await get(at, pathOf(subject.did))).json as DidResolutionResult;
    for (const type of [document, documentJson, documentJsonLd])
      expect(await get(at, pathOf(subject.did), type)).toMatchObject({ status: 200, type, json: didDocument });
    for (const accept of ["text/html", "application/json", uriList])
      expect(await get(at, pathOf(subject.did), accept)).toMatchObject({
        status: 406,
        type: "application/problem+json",
        json: { type: "https://www.w3.org/ns/did#REPRESENTATION_NOT_SUPPORTED", code: "resolution.representation" },
      });
    const whole = await get(at, pathOf(subject.did), dereferencing);
    expect(whole.json).toMatchObject({ content: didDocument, contentMetadata: { versionId: "3" } });
  });

  it("answers earlier versions, in the DID URL or beside it, and a new one with the next block", async () => {
    const first = (await get(at, pathOf(subject.did, "?versionId=1"))).json as DidResolutionResult;
    expect(first.didDocument).not.toHaveProperty("service");
    expect(first.didDocumentMetadata).toMatchObject({
      versionId: "1",
      nextVersionId: "2",
      nextUpdate: expect.any(String),
    });
    const { text } = await get(at, pathOf(subject.did, "?versionId=1"));
    for (const path of [pathOf(`${subject.did}?versionId=1`), `/1.0/identifiers/${subject.did}?versionId=1`])
      expect((await get(at, path)).text).toBe(text);
    const { nextUpdate = "" } = first.didDocumentMetadata;
    const then = (await get(at, pathOf(subject.did, `?versionTime=${nextUpdate}`))).json as DidResolutionResult;
    expect(Number(then.didDocumentMetadata.versionId)).toBeGreaterThanOrEqual(2);
    const fresh = await newIdentity(at);
    expect((await get(at, pathOf(fresh.did))).json.didDocumentMetadata.versionId).toBe("1");
    await at.send(
      [operation("identity.setService", { did: fresh.did, service: service("a", "https://a.example/") })],
      [fresh],
    );
    const after = (await get(at, pathOf(fresh.did))).json as DidResolutionResult;
    expect(after.didDocumentMetadata.versionId).toBe("2");
    expect(after.didDocument).toHaveProperty("service");
  });

  it("answers 410 for what was deactivated, and its past all the same", async () => {
    const whole = await get(at, pathOf(gone.did));
    expect([whole.status, whole.type, whole.json.didDocument]).toEqual([410, result, null]);
    expect(whole.json.didDocumentMetadata).toMatchObject({ deactivated: true, versionId: "2" });
    expect(await get(at, pathOf(gone.did), document)).toMatchObject({
      status: 410,
      json: { code: "resolution.deactivated" },
    });
    const part = await get(at, pathOf(gone.kid));
    expect(part).toMatchObject({ status: 410, json: { content: null, contentMetadata: { deactivated: true } } });
    expect(await get(at, pathOf(gone.did, "?versionId=1"))).toMatchObject({
      status: 200,
      json: { didDocument: { id: gone.did } },
    });
  });

  it("answers what a fragment names", async () => {
    const key = await get(at, pathOf(subject.kid));
    expect([key.status, key.type]).toEqual([200, dereferencing]);
    const { content, dereferencingMetadata, contentMetadata } = key.json as DidDereferencingResult;
    expect(content).toMatchObject({ "@context": expect.anything(), id: subject.kid, type: "Multikey" });
    expect(dereferencingMetadata).toEqual({ contentType: "application/did" });
    expect(contentMetadata).toMatchObject({ versionId: "3" });
    const bare = await get(at, pathOf(`${subject.did}#files`), document);
    expect(bare.json).toMatchObject({ id: `${subject.did}#files`, serviceEndpoint: "https://example.org/files/" });
    expect(await get(at, pathOf(subject.kid), result)).toMatchObject({ status: 406 });
    expect(await get(at, pathOf(`${subject.did}#none`))).toMatchObject({
      status: 404,
      type: dereferencing,
      json: { content: null, dereferencingMetadata: { error: { type: "https://www.w3.org/ns/did#NOT_FOUND" } } },
    });
  });

  it("leads to a service by redirection, or answers the document with it alone", async () => {
    const url = `${subject.did}?service=files&relativeRef=${encodeURIComponent("a/b.pdf?c=d")}`;
    const location = "https://example.org/files/a/b.pdf?c=d";
    expect(await get(at, pathOf(url), uriList)).toMatchObject({ status: 303, location, text: "" });
    expect(await get(at, `/1.0/identifiers/${url}`, uriList)).toMatchObject({ status: 303, location });
    expect(await get(at, pathOf(`${url}#page2`), uriList)).toMatchObject({
      status: 303,
      location: `${location}#page2`,
    });
    expect((await get(at, pathOf(url), document)).json.service).toHaveLength(1);
    expect((await get(at, pathOf(url), dereferencing)).json.dereferencingMetadata.serviceEndpoints).toEqual([location]);
    expect(await get(at, pathOf(`${subject.did}?service=none`), uriList)).toMatchObject({ status: 404 });
    const out = `${subject.did}?service=files&relativeRef=${encodeURIComponent("//evil.example/")}`;
    expect(await get(at, pathOf(out), uriList)).toMatchObject({ status: 400, location: null });
  });

  it.each([
    ["did:hansa", "", 400, "INVALID_DID"],
    ["hello", "", 400, "INVALID_DID"],
    ["did:hansa:hanse:0", "", 400, "INVALID_DID"],
    ["did:key:z6Mkxyz", "", 400, "INVALID_DID"],
    ["did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3?a=%zz", "", 400, "INVALID_DID_URL"],
    [`did:x:${"a".repeat(1100)}`, "", 400, "INVALID_DID_URL"],
    ["did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3", "", 404, "NOT_FOUND"],
    ["did:hansa:other:3QJmV3qfvL9SuYo34YihAf3sRCW3", "", 404, "NOT_FOUND"],
    ["did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3", "?versionId=x", 400, "INVALID_OPTIONS"],
    [
      "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3",
      "?versionId=1&versionTime=2026-01-31T12:00:00Z",
      400,
      "INVALID_OPTIONS",
    ],
    ["did:unheard:of", "", 501, "METHOD_NOT_SUPPORTED"],
    ["did:web:example.com", "", 501, "METHOD_NOT_SUPPORTED"],
    [`did:key:${KEY}`, "?versionId=1", 501, "FEATURE_NOT_SUPPORTED"],
    [`did:key:${KEY}`, "?unheard=of", 501, "FEATURE_NOT_SUPPORTED"],
  ])("answers %s%s with %i", async (url, options, status, name) => {
    const type = `https://www.w3.org/ns/did#${name}`;
    const whole = await get(at, pathOf(url, options));
    expect([whole.status, whole.type]).toEqual([status, result]);
    expect(whole.json).toEqual({
      didDocument: null,
      didResolutionMetadata: {
        error: expect.objectContaining({ type, status, title: expect.any(String), detail: expect.any(String) }),
      },
      didDocumentMetadata: {},
    });
    expect(await get(at, pathOf(url, options), document)).toMatchObject({
      status,
      type: "application/problem+json",
      json: { type, status, code: expect.stringMatching(/^resolution\./), advice: expect.any(String) },
    });
  });

  it("resolves did:key, in the form that is asked for", async () => {
    const { json } = await get(at, pathOf(`did:key:${KEY}`, "?publicKeyFormat=JsonWebKey"));
    expect(json.didDocument.verificationMethod[0].publicKeyJwk).toMatchObject({ kty: "OKP", crv: "Ed25519" });
    expect(json.didDocumentMetadata).toEqual({});
    expect((await get(at, pathOf(`did:key:${KEY}#${KEY}`), document)).json).toMatchObject({ publicKeyMultibase: KEY });
  });

  it("is asked by the sdk", async () => {
    const client = at.as(undefined);
    expect((await resolveDid(client, subject.did)).didDocument?.id).toBe(subject.did);
    expect((await resolveDid(client, subject.did, { versionId: "1" })).didDocumentMetadata.nextVersionId).toBe("2");
    expect((await resolveDid(client, gone.did)).didDocumentMetadata.deactivated).toBe(true);
    expect((await dereferenceDidUrl(client, subject.kid)).content).toMatchObject({ id: subject.kid });
    const { dereferencingMetadata } = await dereferenceDidUrl(client, `${subject.did}?service=files&relativeRef=x`);
    expect(dereferencingMetadata.serviceEndpoints).toEqual(["https://example.org/files/x"]);
    const error = (await resolveDid(client, "did:hansa:hanse:0").catch((thrown: unknown) => thrown)) as HansaError;
    expect(error).toBeInstanceOf(HansaError);
    expect(error.code).toBe("resolution.did");
    expect(error.advice).toContain("did:");
  });
});

describe("a group for its parties", () => {
  let at: TestNode;
  beforeAll(async () => {
    at = await startTestNode({ parameters: { reads: "parties" } });
  });
  afterAll(() => at.close());

  const absent = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
  const signed = (party: Party, target: string) =>
    `${REQUEST_SCHEME} ${signRequestToken(party.did, at.groupId, { method: "GET", target }, party.kid, party.signer, Date.now())}`;

  it("looks to a stranger as if it knew no DID, whatever he asks for", async () => {
    for (const options of ["", "?versionId=1", "?versionId=99", "?group=main", "?service=files"]) {
      const [there, not] = [await get(at, pathOf(at.borea.did, options)), await get(at, pathOf(absent, options))];
      expect(there.status).toBe(404);
      expect(there.text.replaceAll(at.borea.did, "X")).toBe(not.text.replaceAll(absent, "X"));
    }
    const part = await get(at, pathOf(at.borea.kid), document);
    expect(part.status).toBe(404);
    expect(part.text).not.toContain("publicKey");
  });

  it("answers its parties, and refuses a token that is no good without a look at the DID", async () => {
    const path = pathOf(at.acme.did);
    expect(await get(at, path, undefined, signed(at.borea, path))).toMatchObject({ status: 200 });
    const token = signConnectionToken(at.borea.did, at.groupId, at.borea.kid, at.borea.signer, Date.now(), 60);
    expect(await get(at, path, document, `Bearer ${token}`)).toMatchObject({ status: 200, json: { id: at.acme.did } });
    const stranger = at.stranger();
    const refused = async (target: string) => {
      const response = await fetch(at.node.url + target, { headers: { authorization: signed(stranger, target) } });
      return [response.status, await response.text()];
    };
    const [there, not] = [await refused(path), await refused(pathOf(absent))];
    expect(there[0]).toBe(401);
    expect(there).toEqual(not);
  });

  it("is found by the sdk of a party, and not by that of a stranger", async () => {
    expect((await resolveDid(at.as(at.borea), at.acme.did)).didDocument?.id).toBe(at.acme.did);
    let asked = 0;
    const reader = async () => {
      asked++;
      return at.borea;
    };
    const client = at.as(undefined, { reader });
    expect((await resolveDid(client, `did:key:${KEY}`)).didDocument?.id).toBe(`did:key:${KEY}`);
    expect(asked).toBe(0);
    expect((await dereferenceDidUrl(client, at.acme.kid)).content).toMatchObject({ id: at.acme.kid });
    expect(asked).toBe(1);
    for (const signer of [undefined, at.stranger()])
      await expect(resolveDid(at.as(signer), at.acme.did)).rejects.toMatchObject({ code: "resolution.not-found" });
  });
});
