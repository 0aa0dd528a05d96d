import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Json, type JsonObject, ManualClock } from "#base";
import {
  acceptOffer,
  answerRequest,
  createCredentialSigner,
  declineRequest,
  issueSdJwt,
  openRequest,
  presentSdJwt,
  type Wallet,
} from "#identity";
import { signCompactJws } from "../../identity/jose/compact-jws.ts";
import { CLAIMS, newSigner, type OpenidNode, startOpenidNode, VCT } from "./openid.suite.ts";

const QUERY = {
  credentials: [
    { id: "home", format: "dc+sd-jwt", meta: { vct_values: [VCT] }, claims: [{ path: ["address", "city"] }] },
  ],
};
const DEGREE = {
  credentials: [
    {
      id: "degree",
      format: "ldp_vc",
      meta: { type_values: [["VerifiableCredential", "ExampleDegreeCredential"]] },
      claims: [{ path: ["credentialSubject", "degree"] }],
    },
  ],
};

let at: OpenidNode;
beforeAll(async () => {
  at = await startOpenidNode();
});
afterAll(() => at.close());

/** A wallet with one credential of the node. */
async function holderOf(configuration = "resident", claims: object = CLAIMS) {
  const wallet = at.wallet();
  await wallet.createKey("Ed25519");
  const { json } = await at.offer({ configuration, claims });
  const [held] = await acceptOffer(wallet, json.uri, { fetch: at.fetch, keys: at.finder, checkStatus: false });
  return { wallet, held: held as NonNullable<typeof held>, credentialId: json.credentialId as string };
}

const claimsOf = (payload: string) => JSON.parse(Buffer.from(payload, "base64url").toString()) as JsonObject;
const open = (uri: string, fetch = at.fetch) => openRequest(uri, { fetch, keys: at.finder });
const refusal = (code: string, error = "invalid_request", status = 400) => ({
  status,
  type: "application/json",
  json: { error, code },
});

/** What a wallet would send, taken on its way. */
async function intercept(wallet: Wallet, uri: string, how: object = {}): Promise<Record<string, string>> {
  const request = await open(uri);
  let sent: string | undefined;
  const fetch = (async (_: unknown, init: RequestInit) => {
    sent = String(init.body);
    return new Response("{}", { status: 200 });
  }) as typeof globalThis.fetch;
  await answerRequest(wallet, request, { fetch, ...how });
  return Object.fromEntries(new URLSearchParams(sent));
}

describe("a question of the node, over HTTPS", () => {
  it.each([false, true])("is answered with what it asks for and no more; sealed: %s", async (encrypted) => {
    const { wallet, held } = await holderOf();
    const asked = await at.ask({ query: QUERY, encrypted });
    expect(asked, JSON.stringify(asked.json)).toMatchObject({ status: 201 });
    const request = await open(asked.json.uri);
    expect(request).toMatchObject({ verifier: at.acme.did, clientId: asked.json.clientId, query: QUERY });
    expect((await at.result(asked.json.id)).state).toBe("waiting");
    const { shown } = await answerRequest(wallet, request, { fetch: at.fetch });
    expect(shown).toMatchObject([{ domain: request.clientId, credential: held.id, query: "home" }]);
    const result = await at.result(asked.json.id);
    expect(result, JSON.stringify(result)).toMatchObject({
      state: "answered",
      credentials: { home: [{ format: "dc+sd-jwt", types: [VCT], holder: expect.stringMatching(/^[\w-]{43}$/) }] },
    });
    const { claims } = result.credentials.home[0];
    expect(claims.address).toEqual({ city: "Lübeck" });
    expect(JSON.stringify(claims)).not.toMatch(/Alice|1990|Long Lane/);
  });

  it.each([
    ["degree", { degree: "Master of Meters" }, DEGREE],
    [
      "pass",
      { alumniOf: "The School" },
      {
        credentials: [
          {
            id: "pass",
            format: "jwt_vc_json",
            meta: { type_values: [["ExamplePassCredential"]] },
            claims: [{ path: ["credentialSubject", "alumniOf"] }],
          },
        ],
      },
    ],
  ])("takes credentials of the data model from their subject: %s", async (configuration, claims, query) => {
    const { wallet, held } = await holderOf(configuration, claims);
    const asked = await at.ask({ query });
    await expect(answerRequest(wallet, await open(asked.json.uri), { fetch: at.fetch })).rejects.toMatchObject({
      code: "wallet.indivisible",
    });
    await answerRequest(wallet, await open(asked.json.uri), { fetch: at.fetch, whole: true });
    const result = await at.result(asked.json.id);
    expect(result, JSON.stringify(result)).toMatchObject({
      state: "answered",
      credentials: { [configuration]: [{ holder: held.subjects[0], claims: { credentialSubject: claims } }] },
    });
  });

  it("is declined", async () => {
    const asked = await at.ask({ query: QUERY });
    await declineRequest(await open(asked.json.uri), { fetch: at.fetch });
    expect(await at.result(asked.json.id)).toMatchObject({ state: "declined", error: { code: "access_denied" } });
  });

  it("takes issuers whom the group recognised, while it does", async () => {
    const { wallet } = await holderOf();
    const about = { issuer: at.acme.did, type: VCT } as const;
    const ask = async () => (await at.ask({ query: QUERY, recognised: true })).json;
    const before = await ask();
    await expect(answerRequest(wallet, await open(before.uri), { fetch: at.fetch })).rejects.toMatchObject({
      code: "openid.refused",
    });
    expect(await at.result(before.id)).toMatchObject({ state: "refused", error: { code: "credentials.issuer" } });
    await at.vote({ kind: "recogniseIssuer", ...about }, { tls: { ca: at.ca } });
    const after = await ask();
    await answerRequest(wallet, await open(after.uri), { fetch: at.fetch });
    expect((await at.result(after.id)).state).toBe("answered");
    const late = await ask();
    await at.vote({ kind: "derecogniseIssuer", ...about }, { tls: { ca: at.ca } });
    await expect(answerRequest(wallet, await open(late.uri), { fetch: at.fetch })).rejects.toMatchObject({
      code: "openid.refused",
    });
  });

  it("takes no credential that was revoked", async () => {
    const { wallet, credentialId } = await holderOf();
    const first = await at.ask({ query: QUERY });
    await answerRequest(wallet, await open(first.json.uri), { fetch: at.fetch });
    const change = { credentialId, credentialStatus: { type: "BitstringStatusListEntry" }, status: true };
    expect((await at.post("/credentials/status", change, at.mine())).status).toBe(200);
    const second = await at.ask({ query: QUERY });
    await expect(answerRequest(wallet, await open(second.json.uri), { fetch: at.fetch })).rejects.toMatchObject({
      code: "openid.refused",
    });
    expect((await at.result(second.json.id)).error.code).toBe("credentials.status");
  });
});

describe("an answer", () => {
  let wallet: Wallet;
  let text: string;
  beforeEach(async () => {
    const { wallet: holder, held } = await holderOf();
    wallet = holder;
    text = held.text;
  });
  const respond = (id: string, form: Record<string, string>) => at.form(`/openid4vp/requests/${id}/response`, form);

  it("is taken once, also where it comes twice at once", async () => {
    const { json } = await at.ask({ query: QUERY });
    const form = await intercept(wallet, json.uri);
    const answers = await Promise.all([respond(json.id, form), respond(json.id, form)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(await respond(json.id, form)).toMatchObject(refusal("openid.answered"));
    expect((await at.get(`/openid4vp/requests/${json.id}/object`)).json).toMatchObject({ code: "openid.answered" });
  });

  it("to another question is refused, and uses that one up", async () => {
    const first = await at.ask({ query: QUERY });
    const second = await at.ask({ query: QUERY });
    const form = await intercept(wallet, first.json.uri);
    expect(await respond(second.json.id, form)).toMatchObject(refusal("openid.request"));
    const { state } = await open(second.json.uri);
    const moved = { ...form, state: state as string };
    expect(await respond(second.json.id, moved)).toMatchObject({ json: { code: "credentials.challenge" } });
    expect((await at.result(second.json.id)).state).toBe("refused");
    const own = await intercept(wallet, first.json.uri);
    expect(await respond(first.json.id, own)).toMatchObject({ status: 200 });
  });

  it("made for another verifier is refused", async () => {
    const { json } = await at.ask({ query: QUERY });
    const { nonce, state } = await open(json.uri);
    const [key] = await wallet.keys();
    const presented = presentSdJwt(text, {
      disclose: [["address", "city"]],
      keyBinding: {
        signer: key as NonNullable<typeof key>,
        audience: "decentralized_identifier:did:example:other",
        nonce,
        issuedAt: Math.floor(Date.now() / 1000),
      },
    });
    const form = { vp_token: JSON.stringify({ home: [presented] }), state: state as string };
    expect(await respond(json.id, form)).toMatchObject({ json: { code: "credentials.domain" } });
  });

  const present = async (uri: string, how: Partial<Parameters<typeof presentSdJwt>[1]> = {}, credential = text) => {
    const { nonce, state, clientId } = await open(uri);
    const [key] = await wallet.keys();
    const keyBinding = {
      signer: key as NonNullable<typeof key>,
      audience: clientId,
      nonce,
      issuedAt: Math.floor(Date.now() / 1000),
    };
    const presented = presentSdJwt(credential, { disclose: [["address", "city"]], keyBinding, ...how });
    return { presented, state: state as string };
  };

  it("that discloses more than was asked for is refused, and nothing of it is kept", async () => {
    const { json } = await at.ask({ query: QUERY });
    const { presented, state } = await present(json.uri, { disclose: [["address", "city"], ["name"]] });
    const form = { vp_token: JSON.stringify({ home: [presented] }), state };
    expect(await respond(json.id, form)).toMatchObject(refusal("openid.too-much"));
    expect(JSON.stringify(await at.result(json.id))).not.toContain("Alice");
  });

  it("that discloses less than was asked for is refused", async () => {
    const { json } = await at.ask({ query: QUERY });
    const { presented, state } = await present(json.uri, { disclose: [] });
    const form = { vp_token: JSON.stringify({ home: [presented] }), state };
    expect(await respond(json.id, form)).toMatchObject(refusal("openid.unsatisfied"));
  });

  it("with a credential of another type, or to what was not asked, is refused", async () => {
    const signer = createCredentialSigner("Ed25519");
    const [key] = await wallet.keys();
    const other = issueSdJwt({ vct: "https://town.example/other", address: { city: "Lübeck" } }, signer, {
      disclose: [],
      holderKey: key as NonNullable<typeof key>,
    });
    for (const [id, credential] of [
      ["home", other],
      ["elsewhere", text],
    ] as const) {
      const { json } = await at.ask({ query: QUERY });
      const { presented, state } = await present(
        json.uri,
        { disclose: credential === other ? [] : [["address", "city"]] },
        credential,
      );
      const form = { vp_token: JSON.stringify({ [id]: [presented] }), state };
      expect(await respond(json.id, form)).toMatchObject(refusal("openid.unsatisfied"));
    }
  });

  it("without the proof of the holder's key, or with another's, is refused", async () => {
    const { json } = await at.ask({ query: QUERY });
    const { presented, state } = await present(json.uri);
    const bare = presented.slice(0, presented.lastIndexOf("~") + 1);
    const form = { vp_token: JSON.stringify({ home: [bare] }), state };
    expect(await respond(json.id, form)).toMatchObject({ json: { code: "credentials.holder" } });
    const thief = newSigner("Ed25519");
    const forgeries: ((header: string, payload: string, signature: string) => string)[] = [
      (header, _, signature) => `${header}.${Buffer.from("{}").toString("base64url")}.${signature}`,
      (_, payload) => signCompactJws({ typ: "kb+jwt" }, claimsOf(payload), thief),
    ];
    for (const forge of forgeries) {
      const next = await at.ask({ query: QUERY });
      const again = await present(next.json.uri);
      const cut = again.presented.lastIndexOf("~") + 1;
      const proof = again.presented.slice(cut).split(".") as [string, string, string];
      const forged = again.presented.slice(0, cut) + forge(...proof);
      expect(
        await respond(next.json.id, { vp_token: JSON.stringify({ home: [forged] }), state: again.state }),
      ).toMatchObject({ json: { code: "credentials.signature" } });
    }
  });

  it("about somebody else than who presents it is refused", async () => {
    const { held } = await holderOf("degree", { degree: "Master of Meters" });
    const thief = at.wallet();
    await thief.createKey("Ed25519");
    await thief.receive(held.text, { keys: at.finder, checkStatus: false, foreign: true });
    const { json } = await at.ask({ query: DEGREE });
    const request = await open(json.uri);
    const [key] = await thief.keys();
    const { makePresentation, createPresentation } = await import("#identity");
    const presentation = await createPresentation(
      makePresentation([held.claims], (key as NonNullable<typeof key>).controller),
      key as NonNullable<typeof key>,
      {
        suite: "eddsa-jcs-2022",
        challenge: request.nonce,
        domain: request.clientId,
        created: Date.now() - 1000,
        expires: Date.now() + 60_000,
      },
    );
    const form = { vp_token: JSON.stringify({ degree: [presentation as Json] }), state: request.state as string };
    expect(await respond(json.id, form)).toMatchObject({ json: { code: "credentials.holder" } });
  });

  it.each<[string, Record<string, string>, string]>([
    ["nothing", {}, "openid.request"],
    ["another state", { state: "x", vp_token: "{}" }, "openid.request"],
    ["a sealed text where none was asked for", { response: "a.b.c.d.e" }, "openid.request"],
  ])("that holds %s is a bad request, and leaves the question open", async (_, form, code) => {
    const { json } = await at.ask({ query: QUERY });
    expect(await respond(json.id, form)).toMatchObject(refusal(code));
    expect((await at.result(json.id)).state).toBe("waiting");
  });

  it.each([
    "",
    "[",
    "[]",
    "null",
    '"x"',
    "{}",
    '{"home":{}}',
    '{"home":[]}',
    '{"home":[1]}',
    '{"home":["x"]}',
    '{"home":[{}]}',
  ])("whose vp_token is %s is a bad request", async (vp_token) => {
    const { json } = await at.ask({ query: QUERY });
    const { state } = await open(json.uri);
    const answer = await respond(json.id, { vp_token, state: state as string });
    expect(answer, JSON.stringify(answer.json)).toMatchObject({ status: 400, json: { error: "invalid_request" } });
  });

  it("that is sealed to another key, or not sealed though that was asked for, is refused", async () => {
    const { json } = await at.ask({ query: QUERY, encrypted: true });
    const other = await at.ask({ query: QUERY, encrypted: true });
    const form = await intercept(wallet, other.json.uri);
    expect(Object.keys(form)).toEqual(["response"]);
    expect(await respond(json.id, form)).toMatchObject(refusal("openid.request"));
    expect(await respond(json.id, { vp_token: "{}", state: "x" })).toMatchObject(refusal("openid.request"));
  });
});

describe("a wallet", () => {
  /** Lays something else over what the node answers at the request's address. */
  const swapped = (change: (text: string) => string) =>
    (async (input: string, init?: RequestInit) => {
      const response = await at.fetch(input, init);
      return new Response(change(await response.text()), { status: response.status, headers: response.headers });
    }) as typeof globalThis.fetch;
  it("shows nothing to who signs in another's name", async () => {
    const { json } = await at.ask({ query: QUERY });
    const thief = newSigner("Ed25519");
    const header = { typ: "oauth-authz-req+jwt" };
    const forgeries: ((jwt: string) => string)[] = [
      (jwt) => signCompactJws({ ...header, kid: thief.id }, claimsOf(jwt.split(".")[1] as string), thief),
      (jwt) => signCompactJws({ ...header, kid: at.acme.kid }, claimsOf(jwt.split(".")[1] as string), thief),
      (jwt) =>
        signCompactJws(
          { ...header, kid: thief.id },
          { ...claimsOf(jwt.split(".")[1] as string), client_id: `decentralized_identifier:${thief.controller}` },
          thief,
        ),
      (jwt) => `${jwt.slice(0, -8)}AAAAAAAA`,
    ];
    for (const [i, forge] of forgeries.entries())
      await expect(open(json.uri, swapped(forge)), String(i)).rejects.toMatchObject({ code: "openid.untrusted" });
  });

  it("answers signed requests with a query alone, that have not run out, over TLS", async () => {
    const signer = newSigner("Ed25519");
    const sign = (more: JsonObject, header: JsonObject = {}) =>
      signCompactJws(
        { typ: "oauth-authz-req+jwt", kid: signer.id, ...header },
        {
          client_id: `decentralized_identifier:${signer.controller}`,
          response_type: "vp_token",
          response_mode: "direct_post",
          response_uri: "https://shop.example/answer",
          nonce: "n",
          dcql_query: QUERY,
          ...more,
        },
        signer,
      );
    const uriOf = (jwt: string) =>
      `openid4vp://?${new URLSearchParams({ client_id: `decentralized_identifier:${signer.controller}`, request: jwt })}`;
    expect(await open(uriOf(sign({})))).toMatchObject({ verifier: signer.controller, state: undefined });
    const wrong: [JsonObject, string][] = [
      [{ exp: 1_700_000_000 }, "openid.answered"],
      [{ response_uri: "http://shop.example/answer" }, "openid.address"],
      [
        { transaction_data: [Buffer.from('{"type":"x","credential_ids":["home"]}').toString("base64url")] },
        "openid.unsupported",
      ],
      [{ response_mode: "direct_post.jwt" }, "openid.unsupported"],
      [{ dcql_query: null as never }, "openid."],
      [{ nonce: "" }, "openid.request"],
    ];
    for (const [more, code] of wrong)
      await expect(open(uriOf(sign(more))), JSON.stringify(more)).rejects.toMatchObject({
        code: expect.stringContaining(code),
      });
    const plain = new URLSearchParams({
      client_id: "redirect_uri:https://shop.example/answer",
      response_type: "vp_token",
      response_mode: "direct_post",
      response_uri: "https://shop.example/answer",
      nonce: "n",
      dcql_query: JSON.stringify(QUERY),
    });
    await expect(open(`openid4vp://?${plain}`)).rejects.toMatchObject({ code: "openid.unsupported" });
    for (const text of [
      "",
      "openid4vp://",
      "x".repeat(200_000),
      "openid4vp://?client_id=x&request_uri=http://shop.example/",
    ])
      await expect(open(text)).rejects.toMatchObject({ code: expect.stringMatching(/^openid\./) });
  });
});

describe("questions", () => {
  it("are the member's alone, and problems where they are none", async () => {
    expect((await at.post("/openid4vp/requests", { query: QUERY })).status).toBe(401);
    const { json } = await at.ask({ query: QUERY });
    expect((await at.get(`/openid4vp/requests/${json.id}`)).status).toBe(401);
    const problems: [object, string, number][] = [
      [{}, "openid.request", 400],
      [{ query: {} }, "openid.query", 400],
      [{ query: { credentials: [] } }, "openid.query", 400],
      [
        { query: { credentials: [{ id: "a", format: "mso_mdoc", meta: { doctype_value: "x" } }] } },
        "openid.query",
        400,
      ],
      [{ query: QUERY, group: "nobody", recognised: true }, "http.unknown-group", 404],
      [{ query: QUERY, seconds: 1e9 }, "openid.request", 400],
    ];
    for (const [body, code, status] of problems) {
      const answer = await at.ask(body);
      expect(answer, JSON.stringify(body)).toMatchObject({ status, type: "application/problem+json", json: { code } });
    }
    for (const path of ["", "/object"])
      expect(await at.get(`/openid4vp/requests/nobody${path}`, at.mine())).toMatchObject({
        status: 404,
        json: { code: "openid.unknown" },
      });
    expect(await at.form("/openid4vp/requests/nobody/response", {})).toMatchObject(
      refusal("openid.unknown", "invalid_request", 404),
    );
  });

  it("run out", async () => {
    const clock = new ManualClock(Date.now());
    const late = await startOpenidNode({}, { clock });
    try {
      const { json } = await late.ask({ query: QUERY, seconds: 60 });
      clock.advance(60_000);
      expect((await late.result(json.id)).state).toBe("expired");
      expect((await late.get(`/openid4vp/requests/${json.id}/object`)).json.code).toBe("openid.answered");
    } finally {
      await late.close();
    }
  });

  it("are off where the node is not set up for them", async () => {
    const bare = await startOpenidNode({ openid: {} });
    try {
      for (const path of ["/.well-known/openid-credential-issuer", "/.well-known/oauth-authorization-server"])
        expect(await bare.get(path)).toMatchObject({ status: 404, json: { code: "openid.off" } });
      expect((await bare.ask({ query: QUERY })).json.code).toBe("openid.off");
      expect((await bare.form("/openid4vci/token", {})).json.code).toBe("openid.off");
    } finally {
      await bare.close();
    }
  });
});
