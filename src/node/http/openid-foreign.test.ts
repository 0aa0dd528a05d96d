/** The wallet of another implementation (@openid4vc, Openid4vciClient and Openid4vpClient) against our node, with cryptography by jose. */

import { createHash, randomBytes } from "node:crypto";
import { type CallbackContext, clientAuthenticationNone, HashAlgorithm, type Jwk } from "@openid4vc/oauth2";
import { Openid4vciClient } from "@openid4vc/openid4vci";
import { Openid4vpClient, Openid4vpVerifier } from "@openid4vc/openid4vp";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { JsonObject } from "#base";
import {
  acceptOffer,
  answerRequest,
  DidResolver,
  jwkOfKey,
  keyMethod,
  makeKeyFinder,
  openRequest,
  verifySdJwt,
} from "#identity";
import { CLAIMS, newSigner, type OpenidNode, startOpenidNode, VCT } from "./openid.suite.ts";

let at: OpenidNode;
beforeAll(async () => {
  at = await startOpenidNode();
});
afterAll(() => at.close());

const QUERY = {
  credentials: [
    { id: "home", format: "dc+sd-jwt", meta: { vct_values: [VCT] }, claims: [{ path: ["address", "city"] }] },
  ],
};

/** Callbacks with jose alone; keys of DIDs are looked up by whoever tests. */
function joseCallbacks(
  privateKey: CryptoKey,
  publicJwk: Jwk,
  keyOf: (didUrl: string) => Promise<JsonObject>,
): Omit<CallbackContext, "encryptJwe" | "decryptJwe"> & Pick<CallbackContext, "encryptJwe" | "decryptJwe"> {
  const refuse = () => {
    throw new Error("nothing is encrypted here");
  };
  return {
    fetch: at.fetch as typeof fetch,
    hash: (data, algorithm) =>
      new Uint8Array(
        createHash(algorithm === HashAlgorithm.Sha256 ? "sha256" : "sha512")
          .update(data)
          .digest(),
      ),
    generateRandom: (length) => new Uint8Array(randomBytes(length)),
    signJwt: async (_, { header, payload }) => ({
      jwt: await new SignJWT(payload as never).setProtectedHeader(header as never).sign(privateKey),
      signerJwk: publicJwk,
    }),
    verifyJwt: async (signer, { compact }) => {
      const jwk =
        signer.method === "did" ? await keyOf(signer.didUrl) : (signer as { publicJwk: JsonObject }).publicJwk;
      await jwtVerify(compact, await importJWK(jwk as never, signer.alg));
      return { verified: true, signerJwk: jwk as Jwk };
    },
    clientAuthentication: clientAuthenticationNone({ clientId: "wallet" }),
    encryptJwe: refuse,
    decryptJwe: refuse,
  };
}

const jwkOfDid = async (didUrl: string) => jwkOfKey(await at.finder(didUrl, "authentication"));

it("a foreign wallet takes our offer and answers our question, with @sd-jwt and DPoP", async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const publicJwk = (await exportJWK(publicKey)) as Jwk;
  const callbacks = joseCallbacks(privateKey as never, publicJwk, jwkOfDid);
  const client = new Openid4vciClient({ callbacks });
  const offered = await at.offer({ configuration: "resident", claims: CLAIMS, txCode: "numeric" });
  const credentialOffer = await client.resolveCredentialOffer(offered.json.uri);
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
  expect(Object.keys(issuerMetadata.knownCredentialConfigurations)).toContain("resident");
  const signer = { method: "jwk", publicJwk, alg: "ES256" } as const;
  const { accessTokenResponse, dpop } = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({
    credentialOffer,
    issuerMetadata,
    txCode: offered.json.txCode,
    dpop: { signer },
  });
  expect(accessTokenResponse.token_type).toBe("DPoP");
  const { c_nonce } = await client.requestNonce({ issuerMetadata });
  const { jwt } = await client.createCredentialRequestJwtProof({
    issuerMetadata,
    signer,
    nonce: c_nonce,
    issuedAt: new Date(),
    credentialConfigurationId: "resident",
  });
  const { credentialResponse } = await client.retrieveCredentials({
    issuerMetadata,
    credentialConfigurationId: "resident",
    proofs: { jwt: [jwt] },
    accessToken: accessTokenResponse.access_token,
    ...(dpop === undefined ? {} : { dpop }),
  });
  const [{ credential }] = credentialResponse.credentials as unknown as [{ credential: string }];

  const sdJwt = new SDJwtVcInstance({
    hasher: (data, alg) =>
      new Uint8Array(
        createHash(alg.replace("-", ""))
          .update(data as never)
          .digest(),
      ),
    kbSigner: async (text) => {
      const bytes = await crypto.subtle.sign(
        { name: "ECDSA", hash: "SHA-256" },
        privateKey as never,
        Buffer.from(text),
      );
      return Buffer.from(bytes).toString("base64url");
    },
    kbSignAlg: "ES256",
  });
  const asked = await at.ask({ query: QUERY });
  const verifier = new Openid4vpClient({ callbacks });
  const { params } = verifier.parseOpenid4vpAuthorizationRequest({ authorizationRequest: asked.json.uri });
  const request = await verifier.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: params });
  expect(request).toMatchObject({
    client: { prefix: "decentralized_identifier", identifier: at.acme.did },
    version: 100,
  });
  const { authorizationRequestPayload } = request;
  const presented = await sdJwt.present(credential, { address: { city: true } } as never, {
    kb: {
      payload: {
        nonce: authorizationRequestPayload.nonce as string,
        aud: authorizationRequestPayload.client_id as string,
        iat: Math.floor(Date.now() / 1000),
      },
    },
  });
  const { authorizationResponsePayload } = await verifier.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: authorizationRequestPayload as never,
    authorizationResponsePayload: { vp_token: { home: [presented] } },
  });
  const { response } = await verifier.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: authorizationRequestPayload as never,
    authorizationResponsePayload,
  });
  expect(response.status, await response.clone().text()).toBe(200);
  expect(await at.result(asked.json.id)).toMatchObject({
    state: "answered",
    credentials: { home: [{ claims: { address: { city: "Lübeck" } } }] },
  });
});

it("our wallet answers a foreign verifier, whose own parser takes the answer", async () => {
  const wallet = at.wallet();
  const offered = await at.offer();
  await acceptOffer(wallet, offered.json.uri, { fetch: at.fetch as typeof fetch, keys: at.finder, checkStatus: false });
  const shop = newSigner("P-256");
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const finder = makeKeyFinder(new DidResolver([keyMethod]), { mayRead: () => false });
  const secret = { ...joseCallbacks(privateKey as never, {} as Jwk, jwkOfDid) };
  const { signCompactJws } = await import("../../identity/jose/compact-jws.ts");
  const verifier = new Openid4vpVerifier({
    callbacks: {
      ...secret,
      signJwt: (_, { header, payload }) => ({
        jwt: signCompactJws(header as JsonObject, payload as JsonObject, shop),
        signerJwk: jwkOfKey(shop) as Jwk,
      }),
    },
  });
  const clientId = `decentralized_identifier:${shop.controller}`;
  const { authorizationRequestPayload, jar } = await verifier.createOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: {
      response_type: "vp_token",
      client_id: clientId,
      response_mode: "direct_post",
      response_uri: "https://shop.example/answer",
      nonce: "a-nonce-of-the-shop",
      state: "a-state",
      dcql_query: QUERY,
    },
    jar: {
      jwtSigner: { method: "did", didUrl: shop.id, alg: "ES256" },
      requestUri: "https://shop.example/request",
      expiresInSeconds: 60,
    },
  });
  let posted: URLSearchParams | undefined;
  const shopFetch = (async (input: unknown, init?: RequestInit) => {
    if (String(input) === "https://shop.example/request")
      return new Response(jar?.authorizationRequestJwt, {
        headers: { "content-type": "application/oauth-authz-req+jwt" },
      });
    posted = new URLSearchParams(String(init?.body));
    return new Response('{"redirect_uri":"https://shop.example/thanks"}', {
      headers: { "content-type": "application/json" },
    });
  }) as typeof fetch;
  const uri = `openid4vp://?${new URLSearchParams({ client_id: clientId, request_uri: "https://shop.example/request" })}`;
  const request = await openRequest(uri, { fetch: shopFetch, keys: finder });
  const { redirectUri, shown } = await answerRequest(wallet, request, { fetch: shopFetch });
  expect(redirectUri).toBe("https://shop.example/thanks");
  expect(shown).toMatchObject([{ domain: clientId }]);
  const parsed = await verifier.parseOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: authorizationRequestPayload as never,
    authorizationResponse: Object.fromEntries(posted ?? []),
    callbacks: secret,
  });
  expect(parsed).toMatchObject({ type: "dcql", expectedNonce: "a-nonce-of-the-shop" });
  const [presented] = (parsed as unknown as { dcql: { presentations: Record<string, string[]> } }).dcql.presentations[
    "home"
  ] as string[];
  const verified = await verifySdJwt(presented as string, {
    keys: at.finder,
    now: Date.now(),
    checkStatus: false,
    keyBinding: { nonce: "a-nonce-of-the-shop", audience: clientId },
  });
  expect(verified.claims["address"]).toEqual({ city: "Lübeck" });
});
