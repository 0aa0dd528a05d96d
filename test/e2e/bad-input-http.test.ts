import { connect as openSocket, type Socket } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8 } from "#base";
import { createSigner } from "#crypto";
import {
  operation,
  prepareClaims,
  QUERIES,
  RESOLUTION_TYPES,
  ROUTES,
  signTransaction,
  type TransactionClaims,
} from "#protocol";
import { createParty, getStatus } from "#sdk";
import { createIdentity, furnish, tokenOf, topicOf } from "./devices.suite.ts";
import { ALLIANCE, Alliance } from "./member.suite.ts";

let alliance: Alliance;
let base: string;

beforeAll(async () => {
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await furnish(alliance);
  await createIdentity(alliance, "alice");
  base = `${alliance.node.url}/groups/${alliance.groupId}`;
});
afterAll(() => alliance.remove());

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly code: unknown;
  readonly headers: Headers;
}

async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const type = response.headers.get("content-type")?.split(";")[0] ?? null;
  const body = type?.includes("json") && text !== "" ? (JSON.parse(text) as { code?: unknown; status?: unknown }) : {};
  if (type === "application/problem+json") {
    expect(body).toMatchObject({ status: response.status, code: expect.any(String), title: expect.any(String) });
    const type = (body as { type?: unknown }).type;
    if (String(body.code).startsWith("resolution.")) expect(type).toMatch(/^https:\/\/www\.w3\.org\/ns\/did#[A-Z_]+$/);
    else expect(type).toBe(`urn:hansa:error:${body.code}`);
  }
  return { status: response.status, type, code: body.code, headers: response.headers };
}

function submit(body: string | Uint8Array, type = "application/jwt"): Promise<Answer> {
  return ask(`${base}/transactions`, { method: "POST", headers: { "content-type": type }, body: body as BodyInit });
}

async function state() {
  const [group] = (await getStatus(alliance.as("acme"))).groups;
  return { height: group?.height, root: group?.root, records: group?.records };
}

const now = () => Math.floor(Date.now() / 1000);
const setService = (did: string, endpoint = "https://a.example/") =>
  operation("identity.setService", { did, service: { id: "one", type: "Test", endpoint } });

function claims(change: Partial<TransactionClaims> = {}): TransactionClaims {
  const { did } = alliance.party("alice");
  return { ...prepareClaims(did, alliance.groupId, [setService(did)], Date.now()), ...change };
}

/** Signs any payload at all, so that nothing but the payload is wrong. */
function signed(payload: string | Uint8Array, header: object = {}, name = "alice"): string {
  const { kid, signer } = alliance.party(name);
  const head = encodeBase64Url(encodeUtf8(JSON.stringify({ alg: "EdDSA", kid, typ: "hansa-tx+jwt", ...header })));
  const input = `${head}.${encodeBase64Url(typeof payload === "string" ? encodeUtf8(payload) : payload)}`;
  return `${input}.${encodeBase64Url(signer.sign(encodeUtf8(input)))}`;
}

const sign = (change: Partial<TransactionClaims> = {}) => signTransaction(claims(change), [alliance.party("alice")]);
const withText = (from: string, to: string) => signed(JSON.stringify(claims()).replace(from, to));
const withOps = (ops: unknown) => sign({ ops: ops as TransactionClaims["ops"] });

describe("a bad transaction has its own code and changes nothing", () => {
  const stranger = createParty(ALLIANCE, createSigner("Ed25519"));
  const kinds: readonly [string, number, string, () => string | Uint8Array][] = [
    ["that is not a JWT", 400, "transaction.malformed", () => "hello"],
    ["that is empty", 400, "transaction.malformed", () => " "],
    ["with alg none", 400, "transaction.algorithm", () => signed(JSON.stringify(claims()), { alg: "none" })],
    ["with a symmetric alg", 400, "transaction.algorithm", () => signed(JSON.stringify(claims()), { alg: "HS256" })],
    ["with another key's alg", 400, "transaction.algorithm", () => signed(JSON.stringify(claims()), { alg: "ES256" })],
    [
      "signed by another key",
      401,
      "transaction.signature",
      () => signTransaction(claims(), [{ kid: alliance.party("alice").kid, signer: stranger.signer }]),
    ],
    [
      "with a signature of zeros",
      401,
      "transaction.signature",
      () => sign().replace(/\.[^.]*$/, `.${encodeBase64Url(new Uint8Array(64))}`),
    ],
    [
      "of an unknown kid",
      401,
      "transaction.unknown-key",
      () => signTransaction(claims({ iss: stranger.did }), [stranger]),
    ],
    [
      "whose kid is of another DID than its issuer",
      401,
      "transaction.signer-missing",
      () => signTransaction(claims({ iss: stranger.did }), [alliance.party("alice")]),
    ],
    ["with a header too many", 400, "transaction.header", () => signed(JSON.stringify(claims()), { jwk: {} })],
    ["for another group", 400, "transaction.audience", () => sign({ aud: "hanse:other:2xGabcdefghijkmnopqrstuvwx" })],
    ["that has expired", 400, "transaction.expired", () => sign({ exp: now() - 60 })],
    ["that is too far ahead", 400, "transaction.too-far-ahead", () => sign({ exp: now() + 3600 })],
    ["over the size limit", 413, "transaction.too-large", () => "x".repeat(65_537)],
    ["nested too deep", 400, "transaction.json", () => withOps([{ op: "a.b", args: { a: nested(40) } }])],
    ["with a duplicate key", 400, "transaction.json", () => withText('{"iss"', '{"aud":"x","iss"')],
    ["with an escaped duplicate key", 400, "transaction.json", () => withText('{"iss"', '{"\\u0061ud":"x","iss"')],
    ["with __proto__", 400, "transaction.json", () => withText('"args":{', '"args":{"__proto__":{},')],
    ["with a fraction", 400, "transaction.json", () => withText('"exp":', '"iat":1.5,"exp":')],
    ["that is cut short", 400, "transaction.json", () => signed(JSON.stringify(claims()).slice(0, -1))],
    ["of invalid UTF-8", 400, "transaction.json", () => signed(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d))],
    ["whose whole body is no UTF-8", 400, "transaction.json", () => Uint8Array.of(0xff, 0xfe, 0x2e, 0x2e)],
    ["of an unknown module", 400, "transaction.unknown-operation", () => withOps([{ op: "nobody.knows", args: {} }])],
    ["of an unknown operation", 400, "transaction.unknown-operation", () => withOps([{ op: "topics.burn", args: {} }])],
    [
      "of an inherited name",
      400,
      "transaction.unknown-operation",
      () => withOps([{ op: "constructor.constructor", args: {} }]),
    ],
    [
      "with a field too many",
      400,
      "transaction.operation-arguments",
      () => withOps([{ op: "topics.close", args: { topic: "acme/things", more: 1 } }]),
    ],
    ["with a claim too many", 400, "transaction.claims", () => sign({ nbf: 1 } as Partial<TransactionClaims>)],
    ["without operations", 400, "transaction.claims", () => withOps([])],
    ["with too many operations", 400, "transaction.claims", () => withOps(Array(101).fill({ op: "a.b", args: {} }))],
    ["with a short jti", 400, "transaction.claims", () => sign({ jti: "short" })],
  ];

  it.each(kinds)("%s", async (_, status, code, make) => {
    const before = await state();
    expect(await submit(make())).toMatchObject({ status, code, type: "application/problem+json" });
    expect(await state()).toEqual(before);
  });

  it("that was executed under the same jti, with other content", async () => {
    const jti = encodeBase64Url(crypto.getRandomValues(new Uint8Array(16)));
    const exp = now() + 60;
    expect((await submit(sign({ jti, exp }))).status).toBe(200);
    const before = await state();
    const other = [setService(alliance.party("alice").did, "https://b.example/")];
    expect(await submit(sign({ jti, exp, ops: other }))).toMatchObject({ status: 409, code: "transaction.replayed" });
    expect(await state()).toEqual(before);
  });

  it("of several signers of whom one is twice, or one's signature is another's", async () => {
    const alice = alliance.party("alice");
    const acme = alliance.party("acme");
    const json = "application/jose+json";
    const before = await state();
    const twice = signTransaction(claims(), [alice, alice]);
    expect(await submit(twice, json)).toMatchObject({ status: 401, code: "transaction.signer-missing" });
    const both = JSON.parse(signTransaction(claims(), [alice, acme])) as { signatures: { signature: string }[] };
    const [first, second] = both.signatures as [{ signature: string }, { signature: string }];
    [first.signature, second.signature] = [second.signature, first.signature];
    expect(await submit(JSON.stringify(both), json)).toMatchObject({ status: 401, code: "transaction.signature" });
    expect(await submit("{}", json)).toMatchObject({ status: 400, code: "transaction.malformed" });
    expect(await state()).toEqual(before);
  });

  it("has a receipt and a code of its module where only the ledger could tell", async () => {
    const { did } = alliance.party("acme");
    const response = await fetch(`${base}/transactions`, {
      method: "POST",
      headers: { "content-type": "application/jwt" },
      body: sign({ ops: [setService(did)] }),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ code: 20, error: { code: "kernel.forbidden" }, facts: [] });
  });
});

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { a: nested(depth - 1) };
}

describe("a bad request", () => {
  const get = (path: string, code: string, status: number) => [path, code, status] as const;

  it("with a body over the limit is refused, whatever it says of its length", async () => {
    const head = "POST /groups/main/transactions HTTP/1.1\r\nhost: a\r\ncontent-type: application/jwt\r\n";
    expect(await raw(`${head}content-length: 200000\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 .*http\.too-large/s);
    const chunk = `${(140_000).toString(16)}\r\n${"a".repeat(140_000)}\r\n`;
    expect(await raw(`${head}transfer-encoding: chunked\r\n\r\n`, chunk)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("with another media type, or none, is told which it takes", async () => {
    for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data"])
      expect(await submit(sign(), type)).toMatchObject({ status: 415, code: "http.media-type" });
    const bare = await fetch(`${base}/transactions`, { method: "POST", body: encodeUtf8(sign()) as BodyInit });
    expect(bare.status).toBe(415);
    expect(await ask(`${base}/transactions`, { method: "POST" })).toMatchObject({ status: 415 });
  });

  it.each([
    get("/", "http.not-found", 404),
    get("/admin", "http.not-found", 404),
    get("/../../etc/passwd", "http.not-found", 404),
    get("/groups/none", "http.unknown-group", 404),
    get("/groups/hanse:main:2xGabcdefghijkmnopqrstuvwx/blocks", "http.unknown-group", 404),
    get("/groups/main/blocks/0x10", "query.not-found", 404),
    get("/groups/main/blocks/-1", "query.not-found", 404),
    get("/groups/main/blocks/1.5", "query.not-found", 404),
    get("/groups/main/blocks?from=0", "http.bad-request", 400),
    get("/groups/main/blocks?limit=1001", "http.bad-request", 400),
    get("/groups/main/blocks?more=1", "http.bad-request", 400),
    get("/groups/main/blocks?from=1&from=2", "http.bad-request", 400),
    get("/groups/main/transactions/xyz", "http.bad-request", 400),
    get("/groups/main/transactions/00", "http.bad-request", 400),
    get("/groups/main/queries/nobody.knows", "query.unknown", 404),
    get("/groups/main/queries/constructor", "query.unknown", 404),
    get("/groups/main/queries/__proto__", "query.unknown", 404),
    get("/groups/main/queries/devices.get", "query.arguments", 400),
    get("/groups/main/queries/devices.get?device=nobody", "query.arguments", 400),
    get("/groups/main/queries/devices.list?limit=0", "query.arguments", 400),
    get("/groups/main/queries/members.list?more=1", "query.arguments", 400),
    get("/groups/main/queries/members.parameters?height=999999", "query.height", 400),
    get("/groups/main/records", "http.bad-request", 400),
    get(`/groups/main/records?key=${"x".repeat(201)}`, "http.bad-request", 400),
    get("/groups/main/records?key=a&height=1&proof=1", "http.bad-request", 400),
    get("/groups/main/checkpoint?topic=no/such", "query.not-found", 404),
    get("/groups/main/checkpoint?topic=NO", "http.bad-request", 400),
    get("/groups/main/commands?linkage=lk_none", "query.arguments", 400),
    get("/groups/main/events?topic=acme/things", "http.unauthenticated", 401),
    get("/groups/main/events/proof?topic=acme/things&offset=0", "http.unauthenticated", 401),
    get("/groups/main/events/live?topic=acme/things", "http.unauthenticated", 401),
  ])("GET %s is %s", async (path, code, status) => {
    expect(await ask(alliance.node.url + path)).toMatchObject({ status, code, type: "application/problem+json" });
  });

  it("to a path that cannot be decoded is refused", async () => {
    const answer = await raw("GET /groups/%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"http.bad-request"/s);
  });

  it("with another method is not found, and a backup is its member's alone", async () => {
    expect(await ask(`${base}/blocks`, { method: "DELETE" })).toMatchObject({ status: 404, code: "http.not-found" });
    expect(await ask(`${base}/backup`, { method: "POST" })).toMatchObject({ status: 401 });
    const headers = { authorization: `Bearer ${tokenOf(alliance, "borea")}` };
    expect(await ask(`${base}/backup`, { method: "POST", headers })).toMatchObject({
      status: 403,
      code: "http.forbidden",
    });
  });

  it("with a token of nobody, of another group, or out of time reads no events", async () => {
    const url = `${base}/events?topic=${encodeURIComponent(topicOf("acme"))}`;
    const withToken = (token: string) => ask(url, { headers: { authorization: `Bearer ${token}` } });
    expect((await withToken(tokenOf(alliance, "acme"))).status).toBe(200);
    for (const token of [
      "",
      "a.b.c",
      tokenOf(alliance, "nobody"),
      tokenOf(alliance, "acme", { group: "hanse:main:2xGabcdefghijkmnopqrstuvwx" }),
      tokenOf(alliance, "acme", { now: Date.now() - 3_600_000 }),
      tokenOf(alliance, "acme", { now: Date.now() + 3_600_000 }),
      sign(),
    ])
      expect((await withToken(token)).status).toBe(401);
    expect(await withToken(tokenOf(alliance, "borea"))).toMatchObject({ status: 403, code: "events.forbidden" });
  });
});

/** Sends bytes as they are and answers all that comes back until the other side closes. */
function raw(...parts: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(alliance.node.url);
  return new Promise((resolve, reject) => {
    const socket: Socket = openSocket(Number(port), hostname, () => {
      for (const part of parts) socket.write(part);
    });
    let text = "";
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    // A server that has answered may break off what it no longer wants to read.
    socket.once("error", (error) => text === "" && reject(error));
    socket.once("close", () => resolve(text));
  });
}

describe("a request that tricks the connection", () => {
  const path = () => `/groups/main/transactions`;

  it.each([
    ["both lengths", "content-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"],
    ["two lengths", "content-length: 5\r\ncontent-length: 6\r\n", "hello"],
    ["a length that is no number", "content-length: 5x\r\n", "hello"],
    ["a negative length", "content-length: -1\r\n", ""],
    ["an unknown transfer coding", "transfer-encoding: xchunked\r\n", "0\r\n\r\n"],
    ["a chunk size that is no number", "transfer-encoding: chunked\r\n", "zz\r\nhello\r\n0\r\n\r\n"],
    ["a space before the colon", "content-length : 5\r\n", "hello"],
    ["a folded header", "x-a: b\r\n\tc\r\ncontent-length: \n 5\r\n", "hello"],
  ])("by %s is refused and its connection closed", async (_, headers, body) => {
    const answer = await raw(
      `POST ${path()} HTTP/1.1\r\nhost: a\r\ncontent-type: application/jwt\r\n${headers}\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  it("by headers without end is refused", async () => {
    const answer = await raw(`GET /health HTTP/1.1\r\nhost: a\r\nx-long: ${"a".repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 .*application\/problem\+json.*"code":"http.bad-request"/s);
  });

  it("by a body that never ends or breaks off holds nobody else up", async () => {
    const { hostname, port } = new URL(alliance.node.url);
    const slow = await Promise.all(
      Array.from(
        { length: 50 },
        () =>
          new Promise<Socket>((resolve, reject) => {
            const socket = openSocket(Number(port), hostname, () => {
              socket.write(`POST ${path()} HTTP/1.1\r\nhost: a\r\ncontent-type: application/jwt\r\n`);
              socket.write("content-length: 1000\r\n\r\nabc", () => resolve(socket));
            });
            socket.on("error", reject);
          }),
      ),
    );
    const before = await state();
    expect((await submit(sign())).status).toBe(200);
    for (const socket of slow) socket.destroy();
    expect((await submit(sign())).status).toBe(200);
    expect((await state()).height).toBeGreaterThan(before.height as number);
  });
});

describe("whatever is asked of any route", () => {
  const gets = Object.values(ROUTES).filter(({ method, path }) => method === "GET" && !path.endsWith("/live"));
  const odd = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom("", "0", "-1", "1e9", "NaN", "null", "true", "[]", "__proto__", "constructor", "..", "%00", "\0"),
    fc.constantFrom("did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3", "acme/things", "lk_3QJmV3qfvL9SuYo34YihAf3sRCW3"),
    fc.integer().map(String),
    fc.string({ minLength: 200, maxLength: 400 }),
    fc.constantFrom(...Object.keys(QUERIES)),
  );
  const names = fc.oneof(
    odd,
    fc.constantFrom("key", "about", "topic", "offset", "from", "limit", "proof", "height", "after", "linkage"),
  );

  const RESOLVER_TYPES: readonly string[] = [RESOLUTION_TYPES.result, RESOLUTION_TYPES.dereferencing];

  it("the answer is never a failure of the node, and every refusal is a problem document", async () => {
    const authorization = `Bearer ${tokenOf(alliance, "acme")}`;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...gets),
        fc.array(odd, { minLength: 3, maxLength: 3 }),
        fc.array(fc.tuple(names, odd), { maxLength: 4 }),
        fc.boolean(),
        fc.boolean(),
        async (route, inPath, inQuery, own, token) => {
          let at = 0;
          const filled = route.path.replace(/:(\w+)/g, (_, name: string) =>
            name === "group" && own ? "main" : encode(inPath[at++] as string),
          );
          const query = inQuery.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
          const answer = await ask(`${alliance.node.url}${filled}?${query}`, {
            headers: token ? { authorization } : {},
          });
          // A DID resolver says of a method or an option that it does not know: 501.
          const resolver = route === ROUTES.resolve;
          if (!resolver || answer.status !== 501) expect(answer.status, `${filled}?${query}`).toBeLessThan(500);
          const types = ["application/problem+json", ...(resolver ? RESOLVER_TYPES : [])];
          if (answer.status >= 400) expect(types, `${filled}?${query}`).toContain(answer.type);
        },
      ),
      { numRuns: 600, endOnFailure: true },
    );
  });
});

/** Dots, too: `fetch` would walk a path of them. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(".", "%2E");
}

describe("too many requests", () => {
  it("are refused until the minute is over, and the answer says how long that is", async () => {
    const limits = { requestsPerMinute: 60, eventBytes: 4096, connections: 10, waiting: 100 };
    const small = await Alliance.create({ config: { limits } });
    try {
      const { url } = await small.up({ HANSA_LOG_LEVEL: "warn" });
      const answers: Answer[] = [];
      for (let i = 0; i < 62; i++) answers.push(await ask(`${url}/health`));
      expect(answers.slice(0, 60).every(({ status }) => status === 200)).toBe(true);
      const last = answers.at(-1);
      expect(last).toMatchObject({ status: 429, code: "http.too-many-requests", type: "application/problem+json" });
      expect(Number(last?.headers.get("retry-after"))).toBeGreaterThan(0);
    } finally {
      await small.remove();
    }
  });
});
