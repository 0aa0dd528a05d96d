import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type JsonObject, ManualClock } from "#base";
import { acceptOffer, credentialSigner } from "#identity";
import { CLAIMS, codeOf, newSigner, type OpenidNode, rawWallet, startOpenidNode } from "./openid.suite.ts";

let at: OpenidNode;
beforeAll(async () => {
  at = await startOpenidNode();
});
afterAll(() => at.close());

const refusal = (error: string, status = 400) => ({
  status,
  type: "application/json",
  json: { error, error_description: expect.any(String) },
});

describe("a code", () => {
  it("is taken once, and whoever sends it again takes the token of the first away", async () => {
    const { token, credential, proof, nonce } = rawWallet(at);
    const { json } = await at.offer();
    const code = codeOf(json.credentialOffer);
    const first = await token(code);
    expect(first).toMatchObject({ status: 200, json: { token_type: "Bearer", expires_in: 600 } });
    expect(await token(code)).toMatchObject(refusal("invalid_grant"));
    const jwt = proof({ nonce: await nonce() });
    expect(await credential(first.json.access_token, [jwt])).toMatchObject(refusal("invalid_token", 401));
  });

  it("is taken by one of two who come at once", async () => {
    const { token } = rawWallet(at);
    const { json } = await at.offer();
    const code = codeOf(json.credentialOffer);
    const answers = await Promise.all([token(code), token(code), token(code)]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it("is void after five wrong transaction codes, the right one included", async () => {
    const { token } = rawWallet(at);
    const { json } = await at.offer({ configuration: "resident", claims: CLAIMS, txCode: "numeric" });
    expect(json.txCode).toMatch(/^\d{6}$/);
    const code = codeOf(json.credentialOffer);
    expect(await token(code)).toMatchObject(refusal("invalid_request"));
    const wrong = json.txCode === "000000" ? "000001" : "000000";
    for (let i = 0; i < 5; i++) expect(await token(code, { tx_code: wrong })).toMatchObject(refusal("invalid_grant"));
    expect(await token(code, { tx_code: json.txCode })).toMatchObject(refusal("invalid_grant"));
    expect((await at.get(`/openid4vci/offers/${json.id}/state`, at.mine())).json.state).toBe("locked");
    expect((await at.get(`/openid4vci/offers/${json.id}`)).status).toBe(404);
  });

  it("goes with its transaction code, and without one where there is none", async () => {
    const { token } = rawWallet(at);
    const offered = await at.offer({ configuration: "resident", claims: CLAIMS, txCode: "text" });
    const code = codeOf(offered.json.credentialOffer);
    expect(await token(code, { tx_code: offered.json.txCode })).toMatchObject({ status: 200 });
    const { json } = await at.offer();
    expect(await token(codeOf(json.credentialOffer), { tx_code: "123456" })).toMatchObject(refusal("invalid_request"));
  });

  it("of a wallet is asked for by it before the code is used", async () => {
    const { json } = await at.offer({ configuration: "resident", claims: CLAIMS, txCode: "numeric" });
    const wallet = at.wallet();
    const how = { fetch: at.fetch, keys: at.finder, checkStatus: false };
    await expect(acceptOffer(wallet, json.uri, how)).rejects.toMatchObject({ code: "openid.tx-code" });
    const [held] = await acceptOffer(wallet, json.uri, { ...how, txCode: json.txCode });
    expect(held?.claims["name"]).toBe(CLAIMS.name);
    await expect(acceptOffer(wallet, json.uri, { ...how, txCode: json.txCode })).rejects.toMatchObject({
      code: "openid.request",
    });
  });
});

describe("a proof of a key", () => {
  it.each<[string, JsonObject, JsonObject, string]>([
    ["for another issuer", { aud: "https://other.example" }, {}, "invalid_proof"],
    ["for this issuer among others", { aud: ["https://other.example"] }, {}, "invalid_proof"],
    ["for nobody", { aud: null as never }, {}, "invalid_proof"],
    ["made an hour ago", { iat: Math.floor(Date.now() / 1000) - 3600 }, {}, "invalid_proof"],
    ["of the future", { iat: Math.floor(Date.now() / 1000) + 3600 }, {}, "invalid_proof"],
    ["of another type", {}, { typ: "JWT" }, "invalid_proof"],
    ["that names two keys", {}, { kid: "did:key:z6Mk#z6Mk" }, "invalid_proof"],
    ["with a certificate", {}, { x5c: ["MII="] }, "invalid_proof"],
    ["with a nonce that nobody gave", { nonce: "A".repeat(51) }, {}, "invalid_nonce"],
    ["without a nonce", { nonce: null as never }, {}, "invalid_proof"],
  ])("%s is refused, and a good one holds afterwards", async (_, claims, header, error) => {
    const { enter, proof, nonce, credential } = rawWallet(at);
    const token = await enter();
    expect(await credential(token, [proof({ nonce: await nonce(), ...claims }, header)])).toMatchObject(refusal(error));
    expect(await credential(token, [proof({ nonce: await nonce() })])).toMatchObject({ status: 200 });
  });

  it("names its key by a DID of the ledger, whose document has to have it", async () => {
    const { enter, proof, nonce, credential } = rawWallet(at);
    const own = credentialSigner(at.acme.signer, { id: at.acme.kid, controller: at.acme.did });
    const header = { jwk: undefined as never, kid: at.acme.kid };
    const token = await enter();
    const c_nonce = await nonce();
    const wrong = await credential(token, [proof({ nonce: c_nonce }, header, newSigner("Ed25519"))]);
    expect(wrong).toMatchObject(refusal("invalid_proof"));
    for (const kid of [`${at.acme.did}#nobody`, `${at.stranger().did}#nobody`])
      expect((await credential(token, [proof({ nonce: c_nonce }, { ...header, kid }, own)])).json).toEqual(wrong.json);
    expect(await credential(token, [proof({ nonce: c_nonce }, header, own)])).toMatchObject({ status: 200 });
  });

  it("signed by another key than it names is refused", async () => {
    const { enter, proof, nonce, credential, signer } = rawWallet(at);
    const token = await enter();
    const stolen = { ...newSigner(), publicKey: signer.publicKey };
    expect(await credential(token, [proof({ nonce: await nonce() }, {}, stolen)])).toMatchObject(
      refusal("invalid_proof"),
    );
  });

  it("is good for one credential: its nonce is used up", async () => {
    const { enter, proof, nonce, credential } = rawWallet(at);
    const jwt = proof({ nonce: await nonce() });
    expect(await credential(await enter(), [jwt])).toMatchObject({ status: 200 });
    expect(await credential(await enter(), [jwt])).toMatchObject(refusal("invalid_nonce"));
  });

  it("stands for each key of a batch, all under one nonce", async () => {
    const { enter, proof, nonce, credential } = rawWallet(at);
    const c_nonce = await nonce();
    const [a, b] = [newSigner(), newSigner("Ed25519")];
    const both = [proof({ nonce: c_nonce }, {}, a), proof({ nonce: c_nonce }, {}, b)];
    const token = await enter();
    expect(await credential(token, [both[0] as string, both[0] as string])).toMatchObject(refusal("invalid_proof"));
    expect(await credential(token, [both[0] as string, proof({ nonce: await nonce() }, {}, b)])).toMatchObject(
      refusal("invalid_proof"),
    );
    const answer = await credential(token, both);
    expect(answer).toMatchObject({ status: 200, json: { credentials: [{}, {}] } });
    expect(answer.json.credentials[0].credential).not.toBe(answer.json.credentials[1].credential);
  });
});

describe("a token", () => {
  it("is issued on once, also where two requests race", async () => {
    const { enter, proof, nonce, credential } = rawWallet(at);
    const token = await enter();
    const proofs = [proof({ nonce: await nonce() }), proof({ nonce: await nonce() })];
    const answers = await Promise.all(proofs.map((jwt) => credential(token, [jwt])));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    expect(await credential(token, [proof({ nonce: await nonce() })])).toMatchObject(refusal("invalid_token", 401));
  });

  it("is for the configuration that was offered alone", async () => {
    const { enter, proof, nonce, credential } = rawWallet(at);
    const jwt = proof({ nonce: await nonce() });
    const other = await credential(await enter(), [jwt], { credential_configuration_id: "degree" });
    expect(other).toMatchObject(refusal("unknown_credential_configuration"));
  });

  it("that is bound to a key of the wallet (DPoP) wants a proof of it, once each", async () => {
    const wallet = rawWallet(at);
    const dpop = (path: string, claims: JsonObject = {}, by = wallet.signer) =>
      wallet.proof(
        { htm: "POST", htu: at.node.url + path, jti: crypto.randomUUID(), ...claims },
        { typ: "dpop+jwt" },
        by,
      );
    const { json } = await at.offer();
    const code = codeOf(json.credentialOffer);
    const first = dpop("/openid4vci/token");
    expect(await wallet.token(code, {}, { dpop: dpop("/openid4vci/elsewhere") })).toMatchObject(
      refusal("invalid_dpop_proof"),
    );
    const token = await wallet.token(code, {}, { dpop: first });
    expect(token).toMatchObject({ status: 200, json: { token_type: "DPoP" } });
    const other = await at.offer();
    expect(await wallet.token(codeOf(other.json.credentialOffer), {}, { dpop: first })).toMatchObject(
      refusal("invalid_dpop_proof"),
    );
    const access = token.json.access_token as string;
    const path = "/openid4vci/credential";
    const ath = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(access))).toString("base64url");
    const call = async (headers: object) =>
      wallet.credential(access, [wallet.proof({ nonce: await wallet.nonce() })], {}, headers);
    const authorization = `DPoP ${access}`;
    expect(await call({})).toMatchObject(refusal("invalid_token", 401));
    expect(await call({ authorization })).toMatchObject(refusal("invalid_dpop_proof"));
    expect(await call({ authorization, dpop: dpop(path) })).toMatchObject(refusal("invalid_dpop_proof"));
    expect(await call({ authorization, dpop: dpop(path, { ath }, newSigner()) })).toMatchObject(
      refusal("invalid_token", 401),
    );
    expect(await call({ authorization, dpop: dpop(path, { ath }) })).toMatchObject({ status: 200 });
  });
});

describe("bad input", () => {
  it("to the token endpoint is refused in the words of OAuth", async () => {
    const { token } = rawWallet(at);
    const path = "/openid4vci/token";
    expect(await at.form(path, {})).toMatchObject(refusal("invalid_request"));
    expect(await at.form(path, { grant_type: "password" })).toMatchObject(refusal("unsupported_grant_type"));
    expect(await token("")).toMatchObject(refusal("invalid_request"));
    expect(await token("nobody's")).toMatchObject(refusal("invalid_grant"));
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(await at.call("POST", path, "grant_type=a&grant_type=b", form)).toMatchObject(refusal("invalid_request"));
    expect((await at.post(path, {})).status).toBe(415);
  });

  it.each([
    "",
    "[]",
    "null",
    "{",
    '{"proofs":1}',
    '{"credential_configuration_id":{}}',
    '"x"',
    "[[[[[[[[[[[[[[[[[[[[[[",
  ])("to the credential endpoint, %s, is a bad request", async (body) => {
    const token = await rawWallet(at).enter();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await at.call("POST", "/openid4vci/credential", body, headers);
    expect(answer).toMatchObject(refusal("invalid_credential_request"));
  });

  it.each([
    [{ proofs: undefined }, "invalid_proof"],
    [{ proofs: { jwt: [] } }, "invalid_proof"],
    [{ proofs: { jwt: ["a.b.c"] } }, "invalid_proof"],
    [{ proofs: { jwt: ["no token"] } }, "invalid_credential_request"],
    [{ proofs: { di_vp: [{}] } }, "invalid_proof"],
    [{ credential_configuration_id: "__proto__" }, "unknown_credential_configuration"],
    [{ credential_response_encryption: {} }, "invalid_credential_request"],
  ])("to the credential endpoint, %j, is refused", async (more, error) => {
    const { enter, credential } = rawWallet(at);
    expect(await credential(await enter(), [], more)).toMatchObject(refusal(error));
  });

  it("without a token gets a challenge", async () => {
    const { credential } = rawWallet(at);
    expect(await credential("nobody's", [])).toMatchObject(refusal("invalid_token", 401));
    expect(await at.post("/openid4vci/credential", {})).toMatchObject(refusal("invalid_token", 401));
  });

  it("to offers is a problem, and offers are the member's alone", async () => {
    expect((await at.post("/openid4vci/offers", {})).status).toBe(401);
    const problems: [object, string][] = [
      [{}, "openid.request"],
      [{ configuration: "nobody", claims: {} }, "openid.configuration"],
      [{ configuration: "resident", claims: {} }, "openid.claims"],
      [{ configuration: "resident", claims: { name: "A", iss: "did:example:1" } }, "openid.claims"],
      [{ configuration: "resident", claims: { name: "A", height: 180 } }, "openid.claims"],
      [{ configuration: "degree", claims: { id: "did:example:1" } }, "openid.claims"],
      [{ configuration: "colour", claims: { shade: "dark" } }, "credentials.term"],
      [{ configuration: "resident", claims: CLAIMS, seconds: 0 }, "openid.request"],
      [{ configuration: "resident", claims: CLAIMS, more: 1 }, "openid.request"],
    ];
    for (const [body, code] of problems) {
      const answer = await at.offer(body);
      expect(answer, JSON.stringify([body, answer.json])).toMatchObject({
        status: expect.toSatisfy((status: number) => status === 400 || status === 422),
        type: "application/problem+json",
        json: { code },
      });
    }
    expect((await at.get("/openid4vci/offers/nobody/state", at.mine())).status).toBe(404);
    expect((await at.get("/openid4vci/offers/nobody")).status).toBe(404);
  });
});

describe("time", () => {
  it("ends offers, nonces and tokens", async () => {
    const clock = new ManualClock(Date.now());
    const late = await startOpenidNode({}, { clock });
    try {
      const { token, nonce, credential, signer } = rawWallet(late);
      const proofAt = (c_nonce: string) =>
        rawWallet(late, signer).proof({ nonce: c_nonce, iat: Math.floor(clock.now() / 1000) });
      const over = await late.offer();
      const used = await late.offer();
      const { access_token } = (await token(codeOf(used.json.credentialOffer))).json;
      const early = await nonce();
      clock.advance(301_000);
      expect(await credential(access_token, [proofAt(early)])).toMatchObject(refusal("invalid_nonce"));
      clock.advance(300_000);
      expect(await credential(access_token, [proofAt(await nonce())])).toMatchObject(refusal("invalid_token", 401));
      expect(await token(codeOf(over.json.credentialOffer))).toMatchObject(refusal("invalid_grant"));
      expect((await late.get(`/openid4vci/offers/${over.json.id}`)).status).toBe(404);
    } finally {
      await late.close();
    }
  });
});
