import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import { ROUTES, type Route, type RouteName, VC_API_LIMITS } from "#protocol";
import { CREDENTIALS, plainCredential, startVcNode, type VcNode } from "./vc-api.suite.ts";

const VC_ROUTES = (Object.entries(ROUTES) as [RouteName, Route][]).filter(([, { access }]) => access === "credentials");
const POSTS = VC_ROUTES.filter(([, { method }]) => method === "POST").map(([, { path }]) => path);

let at: VcNode;
let credential: JsonObject;
beforeAll(async () => {
  at = await startVcNode({ ...CREDENTIALS, requestsPerMinute: 1_000_000 });
  credential = (await at.issue(plainCredential({ id: "urn:example:1" }), { issuer: "ed" })).json.verifiableCredential;
});
afterAll(() => at.close());

/** Whatever was sent: an answer, or a problem of 4xx that says what is wrong. */
function expectAnswer({ status, type, json }: Awaited<ReturnType<VcNode["post"]>>, sent: unknown): void {
  if (status < 300) return;
  const said = `${JSON.stringify(sent)?.slice(0, 500)}\n${JSON.stringify(json)}`;
  expect(status, said).toBeGreaterThanOrEqual(400);
  expect(status, said).toBeLessThan(500);
  expect(type, said).toBe("application/problem+json");
  expect(json, said).toMatchObject({
    status,
    code: expect.stringMatching(/^[a-z-]+\.[a-z-]+$/),
    detail: expect.any(String),
  });
}

describe("bad input to the VC API has a problem of 4xx", () => {
  it.each(POSTS)("whatever JSON is sent to %s", async (path) => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 6 }), async (body) => {
        expectAnswer(await at.post(path, body, at.mine()), body);
      }),
      { numRuns: 40 },
    );
  });

  it.each(POSTS)("whatever stands in the places of a request to %s", async (path) => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom<unknown>(...odd()));
    const request = fc.record(
      {
        credential: damaged(value),
        verifiableCredential: damaged(value),
        verifiablePresentation: value,
        presentation: value,
        credentialId: value,
        credentialStatus: value,
        domain: value,
        options: value,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(request, async (body) => expectAnswer(await at.post(path, body, at.mine()), body)),
      { numRuns: 60 },
    );
  });

  it("wherever a credential is damaged, to issuer and verifier", async () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom<unknown>(...odd()));
    await fc.assert(
      fc.asyncProperty(damaged(value), async (document) => {
        expectAnswer(await at.verify(document), document);
        const { proof: _, ...bare } = (document ?? {}) as JsonObject;
        for (const options of [{ issuer: "ed" }, { issuer: "p256", cryptosuite: "ecdsa-sd-2023" }, { issuer: "k1" }])
          expectAnswer(await at.issue(bare, options), bare);
        expectAnswer(await at.post("/credentials/derive", { verifiableCredential: document }), document);
      }),
      { numRuns: 150 },
    );
  });

  /** The good credential with one of its members, or of its proof's or subject's, replaced. */
  function damaged(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
    const places = ["@context", "id", "type", "issuer", "credentialSubject", "proof", "validFrom", "credentialStatus"];
    const more = ["credentialSchema", "relatedResource", "evidence", "termsOfUse", "refreshService", "name", "other"];
    const inProof = ["type", "cryptosuite", "created", "expires", "verificationMethod", "proofPurpose", "proofValue"];
    return fc.oneof(
      fc.tuple(fc.constantFrom(...places, ...more), value).map(([place, put]) => ({ ...credential, [place]: put })),
      fc.tuple(fc.constantFrom(...inProof, "previousProof", "@context", "domain"), value).map(([place, put]) => ({
        ...credential,
        proof: { ...(credential?.["proof"] as JsonObject), [place]: put },
      })),
      value,
    );
  }

  function odd(): unknown[] {
    return [
      null,
      "",
      "did:key:z6Mk",
      "did:hansa:hanse:1",
      "did:web:localhost%3A1",
      "data:application/vc+jwt,a.b.c",
      "a.b.c",
      "a~b~",
      "z",
      "u",
      "uzzzz",
      "2026-13-45T99:99:99Z",
      "9999999999999-01-01T00:00:00Z",
      1e300,
      -0,
      [],
      [[]],
      [{}],
      {},
      { "@context": { a: { "@id": "a", "@type": "@id", "@context": null } } },
      [{ "@vocab": "" }],
      { "@graph": [] },
      { "@list": [{ "@set": [] }] },
      { "@value": 1 },
      "https://www.w3.org/ns/credentials/v2",
      ["https://www.w3.org/ns/credentials/v2", { "@import": "x" }],
      ["https://www.w3.org/ns/credentials/v2", { a: { "@id": "b:c", "@container": "@graph" } }],
      { id: "x", type: "BitstringStatusListEntry", statusListIndex: "99999999999999999999" },
    ];
  }

  it("that is no JSON, too much of it, too deep, or of another kind", async () => {
    const deep = `${'{"credential":'.repeat(60)}1${"}".repeat(60)}`;
    const cases: readonly [string | undefined, Record<string, string>, number, string][] = [
      ["{", {}, 400, "json.syntax"],
      ['{"credential":{},"credential":{}}', {}, 400, "json.duplicate-key"],
      ['{"credential":{"__proto__":{}}}', {}, 400, "json.forbidden-key"],
      [deep, {}, 400, "json.depth"],
      ["", {}, 400, "vc-api.request"],
      ["[]", {}, 400, "vc-api.request"],
      ["{}", {}, 400, "vc-api.request"],
      [JSON.stringify({ credential: {}, options: { unknown: 1 } }), {}, 400, "vc-api.request"],
      ["{}", { "content-type": "text/plain" }, 415, "http.media-type"],
      [`{"a":"${"x".repeat(VC_API_LIMITS.bytes)}"}`, {}, 413, "http.too-large"],
    ];
    for (const [body, headers, status, code] of cases)
      expect(await at.call("POST", "/credentials/issue", body, headers), body?.slice(0, 80)).toMatchObject({
        status,
        type: "application/problem+json",
        json: { code },
      });
  });

  it("that would cost a canonicalisation more than it may", async () => {
    // Blank nodes in a ring, each as the others: what RDFC-1.0 calls a poison graph.
    const ring = Array.from({ length: 12 }, (_, i) => ({
      id: `_:b${i}`,
      knows: Array.from({ length: 12 }, (_, j) => ({ id: `_:b${j}` })),
    }));
    const context = { knows: { "@id": "https://example.org/knows", "@type": "@id" } };
    const document = plainCredential({
      "@context": ["https://www.w3.org/ns/credentials/v2", context],
      credentialSubject: ring as never,
    });
    const began = Date.now();
    expectAnswer(await at.issue(document, { issuer: "ed" }), "ring");
    expect(Date.now() - began).toBeLessThan(20_000);
  });
});

describe("a node that opens nothing", () => {
  it("lets its member issue, verify and present, and nobody else; what is off is told to be off", async () => {
    const closed = await startVcNode({ issuers: [{ name: "acme", did: "did:hansa" }] });
    try {
      const mine = closed.mine();
      for (const [, { method, path }] of VC_ROUTES) {
        const body = method === "POST" ? {} : undefined;
        const stranger = await closed.call(method, path.replace(":id", "x"), body);
        expect([401, 404], path).toContain(stranger.status);
        expect(["http.unauthenticated", "vc-api.off"], path).toContain(stranger.json.code);
      }
      expect((await closed.issue(plainCredential(), {}, mine)).status).toBe(201);
      expect((await closed.post("/challenges", {}, mine)).status).toBe(200);
      for (const [method, path] of [
        ["GET", "/credentials"],
        ["POST", "/presentations"],
      ] as const)
        expect((await closed.call(method, path, method === "POST" ? {} : undefined, mine)).json.code).toBe(
          "vc-api.off",
        );
    } finally {
      await closed.close();
    }
  });

  it("is off where the configuration says nothing", async () => {
    const off = await startVcNode("off");
    try {
      for (const [, { method, path }] of VC_ROUTES)
        expect(
          (await off.call(method, path.replace(":id", "x"), method === "POST" ? {} : undefined, off.mine())).json.code,
          path,
        ).toBe("vc-api.off");
      expect((await off.get("/status-lists/x")).json.code).toBe("vc-api.off");
    } finally {
      await off.close();
    }
  });
});

describe("contexts of the configuration", () => {
  const url = "https://maker.example/terms/v1";
  const start = (text: string) =>
    startVcNode(
      { ...CREDENTIALS, contexts: [{ url, file: "terms.json" }] },
      { prepare: (folder) => writeFileSync(join(folder, "terms.json"), text) },
    );

  it("are known to issuer, verifier and holder, and to nobody without them", async () => {
    const own = await start(JSON.stringify({ "@context": { power: "https://maker.example/terms#power" } }));
    try {
      const document = plainCredential({
        "@context": ["https://www.w3.org/ns/credentials/v2", url],
        credentialSubject: { id: "did:example:meter", power: "80" },
      });
      for (const cryptosuite of ["eddsa-rdfc-2022", "eddsa-jcs-2022"]) {
        const { status, json } = await own.issue(document, { issuer: "ed", cryptosuite });
        expect(status, JSON.stringify(json)).toBe(201);
        expect((await own.verify(json.verifiableCredential)).status).toBe(200);
        expect((await at.verify(json.verifiableCredential)).json.code).toBe("credentials.context");
      }
      const base = await own.issue(document, { issuer: "p256", mandatoryPointers: ["/issuer"] });
      const request = { ...base.json, options: { selectivePointers: ["/credentialSubject/power"] } };
      const derived = await own.post("/credentials/derive", request);
      expect((await own.verify(derived.json.verifiableCredential)).status).toBe(200);
    } finally {
      await own.close();
    }
  });

  it("keep the node from starting where they are none", async () => {
    for (const text of ["{", "[]", '{"power":"x"}'])
      await expect(start(text)).rejects.toMatchObject({ code: "node.config" });
  });
});

describe("the node's limits", () => {
  it("hold for the VC API by themselves", async () => {
    const small = await startVcNode({ ...CREDENTIALS, requestsPerMinute: 3 });
    try {
      const statuses = [];
      for (let i = 0; i < 5; i++) statuses.push((await small.verify(null)).status);
      expect(statuses).toEqual([400, 400, 400, 429, 429]);
      expect((await small.get("/status")).status).toBe(200);
    } finally {
      await small.close();
    }
  });
});

describe("recognised issuers", () => {
  it("are those whom the group's members recognised for every type of the credential", async () => {
    const types = ["VerifiableCredential", "EnergyLabelCredential"];
    const context = [
      "https://www.w3.org/ns/credentials/v2",
      { EnergyLabelCredential: "https://example.org/#EnergyLabelCredential" },
    ];
    const label = plainCredential({
      "@context": context as never,
      type: types,
      credentialSubject: { id: "did:example:thing" },
    });
    const issue = async (issuer: string, more: object = {}) =>
      (await at.issue(label, { issuer, ...more }, at.mine())).json.verifiableCredential;
    const own = await issue("acme");
    const other = await issue("ed");
    const options = { recognised: true, group: "main" };
    const codeOf = async (one: unknown, more: object = {}) => (await at.verify(one, { ...options, ...more })).json.code;
    const tls = { tls: { ca: at.ca } };
    expect(await codeOf(own)).toBe("credentials.issuer");
    await at.vote({ kind: "recogniseIssuer", issuer: at.acme.did, type: "EnergyLabelCredential" }, tls);
    expect((await at.verify(own, options)).json).toMatchObject({
      verified: true,
      checks: expect.arrayContaining(["issuer"]),
    });
    expect(await codeOf(other)).toBe("credentials.issuer");
    expect(await codeOf(own, { group: "none" })).toBe("http.unknown-group");
    expect((await at.verify(own)).status).toBe(200);
    const later = await issue("acme");
    await at.vote({ kind: "derecogniseIssuer", issuer: at.acme.did, type: "EnergyLabelCredential" }, tls);
    expect(await codeOf(own)).toBe("credentials.issuer");
    expect(await codeOf(later)).toBe("credentials.issuer");
    // Times of proofs are whole seconds, so that one of this second could still be from before.
    const created = new Date(Date.now() + 5000).toISOString();
    expect(await codeOf(await issue("acme", { created }), { recognisedAt: "issued" })).toBe("credentials.issuer");
  });
});
