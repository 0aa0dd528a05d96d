import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import { createSigner, encodeMultikey } from "#crypto";
import { operation } from "#protocol";
import { createParty, sendOperations } from "#sdk";
import { plainCredential, startVcNode, type VcNode } from "./vc-api.suite.ts";

let at: VcNode;
beforeAll(async () => {
  at = await startVcNode();
});
afterAll(() => at.close());

const SUITES: readonly (readonly [issuer: string, suite: string])[] = [
  ["ed", "eddsa-rdfc-2022"],
  ["ed", "eddsa-jcs-2022"],
  ["p256", "ecdsa-rdfc-2019"],
  ["p256", "ecdsa-jcs-2019"],
  ["p384", "ecdsa-rdfc-2019"],
  ["p384", "ecdsa-jcs-2019"],
];

async function issued(credential: JsonObject, options: object): Promise<JsonObject> {
  const answer = await at.issue(credential, options, at.mine());
  expect(answer, JSON.stringify(answer.json)).toMatchObject({ status: 201, type: "application/json" });
  return answer.json.verifiableCredential;
}

describe("issuing and verifying over HTTPS", () => {
  it.each(SUITES)("goes through with %s and %s", async (issuer, cryptosuite) => {
    const credential = await issued(plainCredential(), { issuer, cryptosuite });
    expect(credential).toMatchObject({
      issuer: expect.stringMatching(/^did:key:z/),
      proof: { type: "DataIntegrityProof", cryptosuite, proofPurpose: "assertionMethod" },
    });
    const answer = await at.verify(credential);
    expect(answer).toMatchObject({ status: 200, json: { verified: true, errors: [], problemDetails: [], credential } });
    const changed = { ...credential, credentialSubject: { id: "did:example:other", alumniOf: "Elsewhere" } };
    expect(await at.verify(changed)).toMatchObject({
      status: 422,
      type: "application/problem+json",
      json: {
        verified: false,
        code: "credentials.signature",
        problemDetails: [{ type: "https://www.w3.org/TR/vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR" }],
      },
    });
  });

  it("derives of a base proof what shows no more than was chosen, and takes no base proof for one", async () => {
    const credential = plainCredential({
      credentialSubject: { id: "did:example:subject", name: "Ada", alumniOf: "X" },
    });
    const base = await issued(credential, { issuer: "p256", mandatoryPointers: ["/issuer"] });
    expect(base).toMatchObject({ proof: { cryptosuite: "ecdsa-sd-2023" } });
    expect((await at.verify(base)).status).toBe(400);
    const request = { verifiableCredential: base, options: { selectivePointers: ["/credentialSubject/name"] } };
    const derived = await at.post("/credentials/derive", request);
    expect(derived).toMatchObject({
      status: 201,
      json: { verifiableCredential: { credentialSubject: { name: "Ada" } } },
    });
    expect(JSON.stringify(derived.json)).not.toContain("alumniOf");
    expect((await at.verify(derived.json.verifiableCredential)).json).toMatchObject({ verified: true });
    const nowhere = { ...request, options: { selectivePointers: ["/credentialSubject/none"] } };
    expect(await at.post("/credentials/derive", nowhere)).toMatchObject({
      status: 400,
      type: "application/problem+json",
    });
    expect(await at.post("/credentials/derive", { verifiableCredential: plainCredential() })).toMatchObject({
      status: 400,
    });
  });

  it("envelops a credential in a JWT, and refuses an envelope that is none", async () => {
    const envelope = await issued(plainCredential(), { issuer: "k1" });
    expect(envelope).toMatchObject({ type: "EnvelopedVerifiableCredential" });
    expect(envelope["id"]).toMatch(/^data:application\/vc\+jwt,/);
    const jwt = String(envelope["id"]).slice("data:application/vc+jwt,".length);
    for (const shown of [envelope, envelope["id"], jwt])
      expect((await at.verify(shown)).json).toMatchObject({ verified: true });
    for (const wrong of [
      { ...envelope, "@context": [] },
      { ...envelope, "@context": "https://www.w3.org/ns/credentials/examples/v2" },
      { ...envelope, id: jwt },
      { ...envelope, type: "VerifiableCredential" },
      { ...envelope, type: undefined },
      { ...envelope, id: `${envelope["id"]}AA` },
    ])
      expect([400, 422]).toContain((await at.verify(wrong)).status);
  });

  it("issues for the member's own DID to the member alone, and puts a key off the ledger's word", async () => {
    const credential = plainCredential({ id: "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33", issuer: at.acme.did });
    expect(await at.issue(credential)).toMatchObject({ status: 401, json: { code: "http.unauthenticated" } });
    const other = { authorization: at.tokenOf(at.borea) };
    expect(await at.issue(credential, {}, other)).toMatchObject({ status: 403, json: { code: "http.forbidden" } });
    const own = await issued(credential, {});
    expect(own).toMatchObject({ issuer: at.acme.did, proof: { verificationMethod: at.acme.kid } });
    expect((await at.verify(own)).status).toBe(200);
  });

  it("keeps an issuer's other members, and puts its own DID where it stands in for another", async () => {
    const substituted = await issued(plainCredential({ issuer: { id: "did:example:issuer", name: "Example" } }), {});
    expect(substituted["issuer"]).toEqual({ id: expect.stringMatching(/^did:key:z6Mk/), name: "Example" });
    for (const issuer of [null, "no url", 4, [], {}, { id: null }, { id: "no url" }])
      expect(await at.issue(plainCredential({ issuer: issuer as never }))).toMatchObject({
        status: 400,
        json: { code: "credentials.document" },
      });
    expect(await at.issue(plainCredential({ issuer: "did:example:other" }), { issuer: "p256" })).toMatchObject({
      status: 400,
      json: { code: "vc-api.issuer" },
    });
    expect(await at.issue(plainCredential(), { issuer: "nobody" })).toMatchObject({ json: { code: "vc-api.issuer" } });
  });
});

describe("verification refuses", () => {
  let good: JsonObject;
  beforeAll(async () => {
    good = await issued(plainCredential({ validFrom: "2026-01-01T00:00:00Z" }), { issuer: "ed" });
  });
  const proof = () => good["proof"] as JsonObject;

  const cases: readonly [string, () => unknown, object, number, string][] = [
    ["what has no proof", () => ({ ...good, proof: undefined }), {}, 400, "credentials.proof"],
    ["a proof that is null", () => ({ ...good, proof: null }), {}, 400, "credentials.proof"],
    ["no proofs at all", () => ({ ...good, proof: [] }), {}, 400, "credentials.proof"],
    ["a proof without type", () => ({ ...good, proof: { ...proof(), type: undefined } }), {}, 400, "credentials.proof"],
    ["an unknown suite", () => ({ ...good, proof: { ...proof(), cryptosuite: "x" } }), {}, 400, "credentials.proof"],
    [
      "a proof of another purpose",
      () => ({ ...good, proof: { ...proof(), proofPurpose: "authentication" } }),
      {},
      400,
      "credentials.proof",
    ],
    [
      "another purpose than is expected",
      () => good,
      { expectedProofPurpose: "authentication" },
      400,
      "credentials.proof",
    ],
    ["a purpose that nobody knows", () => good, { expectedProofPurpose: "x" }, 400, "credentials.proof"],
    ["a challenge that it does not answer", () => good, { challenge: "x" }, 422, "credentials.challenge"],
    ["a domain that it is not for", () => good, { domain: "x.example" }, 422, "credentials.domain"],
    [
      "a proofValue that is not multibase",
      () => ({ ...good, proof: { ...proof(), proofValue: String(proof()["proofValue"]).slice(1) } }),
      {},
      400,
      "credentials.proof",
    ],
    [
      "a doubled proof that is bad",
      () => ({ ...good, proof: [proof(), { ...proof(), created: "2020-01-01T00:00:00Z" }] }),
      {},
      422,
      "credentials.signature",
    ],
    [
      "another issuer's name over it",
      () => ({ ...good, issuer: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK" }),
      {},
      422,
      "credentials.signature",
    ],
    [
      "a context too many",
      () => ({ ...good, "@context": [...(good["@context"] as []), "https://x.example/c"] }),
      {},
      400,
      "credentials.context",
    ],
    [
      "a term that nothing defines",
      () => ({ ...good, "@context": ["https://www.w3.org/ns/credentials/v2"] }),
      {},
      400,
      "credentials.term",
    ],
    ["what is no credential", () => ({ type: ["NonconformingDocument"] }), {}, 400, "credentials.document"],
    ["a text that is nothing", () => "hello", {}, 400, "credentials.proof"],
    ["null", () => null, {}, 400, "credentials.document"],
  ];

  it.each(cases)("%s", async (_, make, options, status, code) => {
    const answer = await at.verify(make(), options);
    expect(answer, JSON.stringify(answer.json)).toMatchObject({
      status,
      type: "application/problem+json",
      json: { verified: false, code, problemDetails: [{ code, type: expect.stringMatching(/^(https|urn):/) }] },
    });
  });

  it("what is not valid any more, or not yet", async () => {
    const past = await issued(plainCredential({ validUntil: "2020-01-01T00:00:00Z" }), { issuer: "ed" });
    const future = await issued(plainCredential({ validFrom: "2120-01-01T00:00:00Z" }), { issuer: "ed" });
    const short = await issued(plainCredential(), { issuer: "ed", expires: "2020-01-01T00:00:00Z" });
    for (const [credential, code] of [
      [past, "credentials.expired"],
      [future, "credentials.not-yet"],
      [short, "credentials.expired"],
    ] as const)
      expect(await at.verify(credential)).toMatchObject({ status: 422, json: { code } });
  });

  it("a key that its owner rotated away on the ledger", async () => {
    // A node of its own: its member has another key afterwards than its configuration says.
    const rotating = await startVcNode();
    try {
      const { json } = await rotating.issue(plainCredential(), { issuer: "acme" }, rotating.mine());
      expect((await rotating.verify(json.verifiableCredential)).status).toBe(200);
      const { did, kid } = rotating.acme;
      const next = createSigner("Ed25519");
      const publicKey = encodeMultikey({ algorithm: "Ed25519", bytes: next.publicKey });
      const relationships = ["authentication", "assertionMethod", "capabilityInvocation"] as const;
      const add = operation("identity.addKey", { did, publicKey, relationships: [...relationships] });
      await sendOperations(rotating.client(rotating.acme), [add]);
      expect((await rotating.verify(json.verifiableCredential)).status).toBe(200);
      const heir = createParty("hanse", next, did);
      const remove = operation("identity.removeKey", { did, key: kid.split("#")[1] as string });
      await sendOperations(rotating.client(heir), [remove], { signers: [heir] });
      expect(await rotating.verify(json.verifiableCredential)).toMatchObject({
        status: 422,
        json: { code: "credentials.key" },
      });
    } finally {
      await rotating.close();
    }
  });
});
