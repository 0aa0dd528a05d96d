import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8 } from "#base";
import { ROUTES, type RouteName } from "#protocol";
import { createIdentity, tokenOf } from "./devices.suite.ts";
import { Alliance } from "./member.suite.ts";

let alliance: Alliance;

beforeAll(async () => {
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await createIdentity(alliance, "alice");
});
afterAll(() => alliance.remove());

const NAMES = (Object.keys(ROUTES) as RouteName[]).filter((name) => name.startsWith("exchange"));

async function ask(name: RouteName, init: { body?: string; type?: string; query?: string; token?: string } = {}) {
  const route = ROUTES[name];
  const { body, type, query = "", token = tokenOf(alliance, "acme") } = init;
  const response = await fetch(`${alliance.node.url}${route.path.replace(":group", alliance.groupId)}${query}`, {
    method: route.method,
    headers: {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined
        ? {}
        : { "content-type": type ?? ("body" in route ? (route.body[0] as string) : "text/plain") }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const media = response.headers.get("content-type")?.split(";")[0];
  return { status: response.status, media, problem: media?.includes("json") ? JSON.parse(text) : { text } };
}

const jws = (claims: unknown, header: object = {}) => {
  const { kid } = alliance.party("borea");
  const part = (value: unknown) => encodeBase64Url(encodeUtf8(JSON.stringify(value)));
  return `${part({ alg: "EdDSA", kid, typ: "hansa-release+jwt", ...header })}.${part(claims)}.${"A".repeat(86)}`;
};

const JUNK: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["a word", "hello"],
  ["a number", "7"],
  ["null", "null"],
  ["an empty object", "{}"],
  ["an empty list", "[]"],
  ["a key twice", '{"a":1,"a":2}'],
  ["a forbidden key", '{"__proto__":{}}'],
  ["half of a JSON", '{"recipient":'],
  ["something nested deep", `${"[".repeat(500)}${"]".repeat(500)}`],
  ["a NUL", "\u0000"],
  ["three empty parts", ".."],
  ["a JWS without claims", "e30.e30.e30"],
];

describe("bad input is refused with a typed problem", () => {
  for (const name of NAMES) {
    const route = ROUTES[name];
    if (route.method === "POST")
      it.each(JUNK)(`${name}: %s`, async (_, body) => {
        const { status, media, problem } = await ask(name, { body });
        expect([status >= 400 && status < 500, media]).toEqual([true, "application/problem+json"]);
        expect(problem).toMatchObject({ status, code: expect.any(String), title: expect.any(String) });
      });
    it(`${name}: another media type, another query, a token that is none`, async () => {
      const tries = [
        ...(route.method === "POST" ? [{ body: "x", type: "text/html" }] : []),
        { query: "?grant=%00&receipt=..&limit=-1&after=%2F", ...(route.method === "POST" ? { body: "{}" } : {}) },
        ...(route.access === "open" ? [] : [{ token: "nonsense", ...(route.method === "POST" ? { body: "{}" } : {}) }]),
        ...(route.access === "open" ? [] : [{ token: "", ...(route.method === "POST" ? { body: "{}" } : {}) }]),
      ];
      for (const one of tries) {
        const { status, media } = await ask(name, one);
        expect([one, status >= 400 && status < 500, media]).toEqual([one, true, "application/problem+json"]);
      }
    });
  }

  it("a request's claims are held against their schema, and never told in the refusal", async () => {
    const { problem } = await ask("exchangeRelease", { body: jws({ iss: "a secret of somebody's" }) });
    expect(problem).toMatchObject({ status: 400, code: "token.claims" });
    expect(JSON.stringify(problem)).not.toContain("secret");
    for (const header of [{ alg: "none" }, { alg: "HS256" }, { typ: "JWT" }, { jwk: {} }, { kid: "x" }]) {
      const answer = await ask("exchangeRelease", { body: jws({}, header) });
      expect([header, answer.status]).toEqual([header, 400]);
    }
  });

  it("what is too large is refused as that", async () => {
    const owner = alliance.party("alice").did;
    const content = encodeBase64Url(new Uint8Array(1024 * 1024 + 1));
    const dataset = JSON.stringify({ owner, mediaType: "text/plain", content });
    expect((await ask("exchangeDatasetPut", { body: dataset })).status).toBe(413);
    // Just over the limits: what is much longer is refused, and the connection closed, while a client still writes.
    expect((await ask("exchangeDatasetPut", { body: " ".repeat(2 * 1024 * 1024 + 1) })).status).toBe(413);
    expect((await ask("exchangeRelease", { body: "x".repeat(131_073) })).status).toBeLessThan(500);
    expect((await ask("exchangeRelease", { body: "x".repeat(200_000) })).status).toBe(413);
  });

  it("datasets are the node's member's to keep and to list, and nobody else's", async () => {
    const token = tokenOf(alliance, "borea");
    expect((await ask("exchangeDatasets", { token })).status).toBe(403);
    expect((await ask("exchangeDatasetPut", { token, body: "{}" })).status).toBe(403);
  });
});
