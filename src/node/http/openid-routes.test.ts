import { afterAll, beforeAll, expect, it } from "vitest";
import { acceptOffer, answerRequest, openRequest } from "#identity";
import { ROUTES, type Route, type RouteName } from "#protocol";
import { askPresentation, getOfferState, getPresentationResult, offerCredential } from "#sdk";
import { CLAIMS, codeOf, type OpenidNode, rawWallet, startOpenidNode, VCT } from "./openid.suite.ts";

let at: OpenidNode;
beforeAll(async () => {
  at = await startOpenidNode();
});
afterAll(() => at.close());

it("every route of OpenID4VC answers as its entry says", async () => {
  const seen = new Set<RouteName>();
  const check = async (name: RouteName, answer: ReturnType<OpenidNode["call"]>) => {
    seen.add(name);
    const { status, type, json } = await answer;
    const { answer: entry }: Route = ROUTES[name];
    expect({ name, status, type }, JSON.stringify(json)).toEqual({
      name,
      status: entry.status ?? 200,
      type: entry.type,
    });
    return json;
  };
  const issuer = await check("credentialIssuerMetadata", at.get("/.well-known/openid-credential-issuer"));
  expect(issuer).toMatchObject({
    credential_issuer: at.node.url,
    credential_configurations_supported: { resident: { format: "dc+sd-jwt", vct: VCT } },
  });
  const server = await check("authorizationServerMetadata", at.get("/.well-known/oauth-authorization-server"));
  expect(server.token_endpoint).toBe(`${at.node.url}/openid4vci/token`);

  const offer = await check("offerCredential", at.offer());
  const object = await check("credentialOffer", at.get(`/openid4vci/offers/${offer.id}`));
  expect(object).toEqual(offer.credentialOffer);
  await check("credentialOfferState", at.get(`/openid4vci/offers/${offer.id}/state`, at.mine()));
  const wallet = rawWallet(at);
  const token = await check("openidToken", wallet.token(codeOf(object)));
  const { c_nonce } = await check("openidNonce", at.call("POST", "/openid4vci/nonce"));
  const proof = wallet.proof({ nonce: c_nonce });
  await check("openidCredential", wallet.credential(token.access_token, [proof]));

  const query = { credentials: [{ id: "home", format: "dc+sd-jwt", meta: { vct_values: [VCT] } }] };
  const request = await check("requestPresentation", at.ask({ query }));
  const jwt = await check("presentationRequestObject", at.get(`/openid4vp/requests/${request.id}/object`));
  const { state } = JSON.parse(Buffer.from(jwt.split(".")[1], "base64url").toString());
  const refused = { error: "access_denied", state };
  await check("respondPresentation", at.form(`/openid4vp/requests/${request.id}/response`, refused));
  await check("presentationResult", at.get(`/openid4vp/requests/${request.id}`, at.mine()));

  const all = (Object.keys(ROUTES) as RouteName[]).filter((name) =>
    /^\/(openid4v|\.well-known)/.test(ROUTES[name].path),
  );
  expect([...seen].sort()).toEqual(all.sort());
});

it("tells a wallet's secrets and what is said of people to no cache", async () => {
  const kept: string[] = [];
  const fetch = (async (...args) => {
    const response = await at.fetch(...args);
    if (response.headers.get("cache-control") !== "no-store") kept.push(String(args[0]));
    return response;
  }) as typeof globalThis.fetch;
  const wallet = at.wallet();
  const offer = await at.offer({ configuration: "resident", claims: CLAIMS });
  await acceptOffer(wallet, offer.json.uri, { fetch, keys: at.finder, checkStatus: false });
  const query = { credentials: [{ id: "home", format: "dc+sd-jwt", meta: { vct_values: [VCT] } }] };
  const { json } = await at.ask({ query });
  await answerRequest(wallet, await openRequest(json.uri, { fetch, keys: at.finder }), { fetch });
  await fetch(`${at.node.url}/openid4vp/requests/${json.id}`, { headers: at.mine() });
  // What everybody may read.
  expect(kept.map((url) => new URL(url).pathname).filter((path) => !path.startsWith("/.well-known/"))).toEqual([]);
});

it("the sdk offers and asks, and hears what came of it", async () => {
  const client = at.client(at.acme);
  const how = { fetch: at.fetch as typeof fetch, keys: at.finder };
  const offer = await offerCredential(client, { configuration: "resident", claims: CLAIMS });
  expect((await getOfferState(client, offer.id)).state).toBe("offered");
  const wallet = at.wallet();
  await acceptOffer(wallet, offer.uri, { ...how, checkStatus: false });
  expect((await getOfferState(client, offer.id)).state).toBe("issued");
  const claims = [{ path: ["name"] }];
  const query = { credentials: [{ id: "who", format: "dc+sd-jwt", meta: { vct_values: [VCT] }, claims }] };
  const request = await askPresentation(client, { query });
  await answerRequest(wallet, await openRequest(request.uri, how), how);
  const { state, credentials } = await getPresentationResult(client, request.id);
  expect([state, credentials?.["who"]?.[0]?.claims["name"]]).toEqual(["answered", CLAIMS.name]);
  await expect(getOfferState(at.client(at.borea), offer.id)).rejects.toMatchObject({ code: "http.forbidden" });
});
