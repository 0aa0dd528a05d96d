/** What the W3C's suites and foreign libraries send to a node, and what they expect of it. */
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import { cryptosuite as ecdsaRdfc } from "@digitalbazaar/ecdsa-rdfc-2019-cryptosuite";
import { createVerifyCryptosuite } from "@digitalbazaar/ecdsa-sd-2023-cryptosuite";
import { cryptosuite as eddsaRdfc } from "@digitalbazaar/eddsa-rdfc-2022-cryptosuite";
import * as vc from "@digitalbazaar/vc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import { bundledContext } from "#identity";
import { createCredential, createIssuer } from "../../identity/credentials/foreign-vc.suite.ts";
import { plainCredential, startVcNode, type VcNode } from "./vc-api.suite.ts";

let at: VcNode;
beforeAll(async () => {
  at = await startVcNode();
});
afterAll(() => at.close());

const V2 = "https://www.w3.org/ns/credentials/v2";
const subject = { credentialSubject: { id: "did:example:subject" } };
const define = (term: string, iri = `https://example.org/examples#${term}`) => ({ "@context": [V2, { [term]: iri }] });

/** Each as a suite would send it: the least credential with this in it. */
const ISSUED: readonly [string, object][] = [
  ["with nothing but a subject", {}],
  ["with the context of the examples", { "@context": [V2, "https://www.w3.org/ns/credentials/examples/v2"] }],
  ["with a context within", { ...define("ExampleCredential"), type: ["VerifiableCredential", "ExampleCredential"] }],
  ["with a type that is a URL", { type: ["VerifiableCredential", "https://example.org/#Example"] }],
  ["with types in another order", { type: ["https://example.org/#Example", "VerifiableCredential"] }],
  ["with an id", { id: "did:example:credential" }],
  ["with several subjects", { credentialSubject: [{ id: "did:example:1" }, { id: "did:example:2" }] }],
  ["with an issuer that is an object", { issuer: { id: "did:example:issuer", name: "Example" } }],
  ["with an issuer that is a URL", { issuer: "https://some-url/issuer/foo" }],
  ["with a name", { name: "Example", description: "of a credential" }],
  ["with a name in a language", { name: { "@value": "Beispiel", "@language": "de", "@direction": "ltr" } }],
  [
    "with a name in several",
    {
      name: [
        { "@value": "Beispiel", "@language": "de" },
        { "@value": "Example", "@language": "en" },
      ],
    },
  ],
  ["with dates in milliseconds", { validFrom: "2023-02-26T00:37:06.123Z", validUntil: "2123-02-26T00:37:06.5Z" }],
  ["with dates in another zone", { validFrom: "2023-02-26T00:37:06+05:30" }],
  [
    "with a status of another kind",
    {
      ...define("CredentialStatusList2017"),
      credentialStatus: { id: "did:example:status", type: "CredentialStatusList2017" },
    },
  ],
  [
    "with terms of use",
    {
      ...define("OdrlPolicy2017"),
      termsOfUse: [{ type: "OdrlPolicy2017" }, { type: "OdrlPolicy2017", id: "https://example.org/p" }],
    },
  ],
  ["with evidence", { ...define("ExampleEvidence"), evidence: [{ type: "ExampleEvidence" }] }],
  [
    "with refresh services",
    { refreshService: [{ type: "https://example.org/#Refresh", id: "did:example:refresh/2" }] },
  ],
  ["with a schema", { credentialSchema: { type: "https://example.org/#Schema", id: "did:example:schemas/1" } }],
];

const REFUSED: readonly [string, object][] = [
  ["without context", { "@context": undefined }],
  ["without the base context", { "@context": ["https://www.w3.org/ns/credentials/examples/v2"] }],
  ["with the base context second", { "@context": ["https://www.w3.org/ns/credentials/examples/v2", V2] }],
  ["with a context that is a number", { "@context": [V2, 4] }],
  ["with a context that is no URL", { "@context": [V2, "no url"] }],
  ["with a context that nobody has", { "@context": [V2, "https://example.org/unknown/v9"] }],
  ["with a type defined anew", { "@context": [V2, { VerifiableCredential: "https://example.org/#Other" }] }],
  [
    "with a protected term defined anew",
    { "@context": [V2, { "@protected": true, A: "https://a.example/#A" }, { A: "https://a.example/#B" }] },
  ],
  ["without type", { type: undefined }],
  ["without its own type", { type: ["https://example.org/#Example"] }],
  ["with a type that nothing defines", { type: ["VerifiableCredential", "UnmappedType"] }],
  [
    "with a type that leads to no URL",
    { ...define("Example", "https ://not-a-url#Example"), type: ["VerifiableCredential", "Example"] },
  ],
  ["with several ids", { id: ["did:example:1", "did:example:2"] }],
  ["with an id that is no URL", { id: "not a url" }],
  ["without subject", { credentialSubject: undefined }],
  ["with a subject without claims", { credentialSubject: {} }],
  ["with one subject of several without", { credentialSubject: [{ id: "did:example:1" }, {}] }],
  ["with a subject with several ids", { credentialSubject: { id: ["did:example:1", "did:example:2"] } }],
  ["with a name that is a number", { name: 4 }],
  ["with a name with something more", { name: { "@value": "a", "@language": "en", url: "did:example:1" } }],
  ["with a date that is none", { validFrom: "2023-02-30T25:00:00Z" }],
  ["with dates the wrong way round", { validFrom: "2123-01-01T00:00:00Z", validUntil: "2023-01-01T00:00:00Z" }],
  ["with a status without type", { credentialStatus: { id: "did:example:status" } }],
  [
    "with a status with several ids",
    { ...define("S"), credentialStatus: { id: ["did:example:1", "did:example:2"], type: "S" } },
  ],
  ["with terms of use without type", { termsOfUse: { id: "https://example.org/p" } }],
  ["with evidence without type", { evidence: [{ id: "https://example.org/e" }] }],
  ["with a refresh service without type", { refreshService: { id: "did:example:refresh" } }],
  ["with a schema without type", { credentialSchema: { id: "did:example:schemas/1" } }],
  ["with a schema without id", { credentialSchema: { type: "https://example.org/#Schema" } }],
  ["with a resource without digest", { relatedResource: [{ id: "https://example.org/r" }] }],
  [
    "with a resource twice",
    { relatedResource: [1, 2].map(() => ({ id: "https://example.org/r", digestMultibase: "uEiCaeH1" })) },
  ],
  ["with a term that nothing defines", { credentialSubject: { id: "did:example:subject", undefinedTerm: "x" } }],
  [
    "with a status entry in the wrong place",
    { statusEntry: { type: "BitstringStatusListEntry", statusListIndex: true } },
  ],
  ["with a proof that is none", { proof: { type: "Ed25519Signature2020" } }],
];

const least = (more: object): JsonObject => ({ "@context": [V2], type: ["VerifiableCredential"], ...subject, ...more });

describe("a credential of VC Data Model 2.0", () => {
  it.each(ISSUED)("%s is issued", async (_, more) => {
    for (const options of [{}, { issuer: "ed", cryptosuite: "eddsa-jcs-2022" }, { issuer: "p384" }]) {
      const { issuer: _issuer, ...rest } = more as JsonObject;
      const sent = options.issuer === "p384" ? least(rest) : least(more);
      const { status, json } = await at.issue(sent, options);
      expect(status, JSON.stringify(json)).toBe(201);
      const { verifiableCredential } = json;
      expect(verifiableCredential).toMatchObject({ issuer: expect.anything(), proof: { type: "DataIntegrityProof" } });
      const verified = await at.verify(verifiableCredential, { checks: ["proof"], checkStatus: false });
      expect(verified.status, JSON.stringify(verified.json)).toBe(200);
    }
  });

  it.each(REFUSED)("%s is refused", async (_, more) => {
    for (const options of [{}, { issuer: "ed", cryptosuite: "eddsa-jcs-2022" }, { issuer: "k1" }]) {
      const { status, json, type } = await at.issue(least(more), options);
      expect([400, 422], JSON.stringify(json)).toContain(status);
      expect(type).toBe("application/problem+json");
    }
  });
});

describe("@digitalbazaar/vc", () => {
  /** DID documents from the node's own resolver, contexts from the bundle. */
  async function documentLoader(url: string): Promise<object> {
    const known = bundledContext(url);
    if (known !== undefined) return { contextUrl: null, documentUrl: url, document: structuredClone(known) };
    const accept = url.includes("#") ? "application/did-url-dereferencing" : "application/did";
    const { json } = await at.get(`/1.0/identifiers/${encodeURIComponent(url)}`, { accept });
    const part = url.includes("#") ? (json.content ?? json) : json;
    const context = "https://w3id.org/security/multikey/v1";
    const document = url.includes("#") ? { "@context": context, ...part } : part;
    return { contextUrl: null, documentUrl: url, document };
  }

  it.each([
    ["ed", "eddsa-rdfc-2022", eddsaRdfc],
    ["p256", "ecdsa-rdfc-2019", ecdsaRdfc],
    ["p384", "ecdsa-rdfc-2019", ecdsaRdfc],
  ] as const)("verifies what %s issues with %s", async (issuer, suite, cryptosuite) => {
    const { json } = await at.issue(plainCredential(), { issuer, cryptosuite: suite });
    const { verified, error } = await vc.verifyCredential({
      credential: json.verifiableCredential,
      suite: new DataIntegrityProof({ cryptosuite }),
      documentLoader,
    });
    expect(verified, JSON.stringify(error)).toBe(true);
  });

  it("verifies what is derived here of ecdsa-sd-2023", async () => {
    const base = await at.issue(plainCredential(), { issuer: "p256", mandatoryPointers: ["/issuer"] });
    const request = { ...base.json, options: { selectivePointers: ["/credentialSubject/alumniOf"] } };
    const { json } = await at.post("/credentials/derive", request);
    const { verified, error } = await vc.verifyCredential({
      credential: json.verifiableCredential,
      suite: new DataIntegrityProof({ cryptosuite: createVerifyCryptosuite() }),
      documentLoader,
    });
    expect(verified, JSON.stringify(error)).toBe(true);
  });

  it.each([
    ["Ed25519", "eddsa-rdfc-2022"],
    ["P-256", "ecdsa-rdfc-2019"],
    ["P-384", "ecdsa-rdfc-2019"],
  ] as const)("issues with a key of %s and %s what verifies here", async (algorithm, suite) => {
    const { signer, foreign } = await createIssuer(algorithm);
    const signed = await foreign.issue(createCredential(signer.controller), suite);
    expect((await at.verify(signed)).json).toMatchObject({ verified: true });
    const changed = { ...signed, validUntil: "2045-01-01T00:00:00Z" };
    expect((await at.verify(changed)).status).toBe(422);
  });

  it("derives what verifies here, of what was issued here", async () => {
    const { foreign } = await createIssuer("P-256");
    const base = await at.issue(plainCredential(), { issuer: "p256", mandatoryPointers: ["/issuer"] });
    const derived = await foreign.derive(base.json.verifiableCredential, ["/credentialSubject/alumniOf"]);
    expect((await at.verify(derived)).json).toMatchObject({ verified: true });
  });
});
