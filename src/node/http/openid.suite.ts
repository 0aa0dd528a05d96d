/** A node with OpenID4VCI and OpenID4VP, over HTTPS, and wallets that talk to it. */
import type { JsonObject } from "#base";
import {
  type CredentialSigner,
  createCredentialSigner,
  createMemoryWalletStore,
  DidResolver,
  jwkOfKey,
  keyMethod,
  makeKeyFinder,
  remoteMethod,
  Wallet,
} from "#identity";
import { resolveDid } from "#sdk";
import { signCompactJws } from "../../identity/jose/compact-jws.ts";
import { CREDENTIALS, type Credentials, ISSUERS, startVcNode } from "./vc-api.suite.ts";

export const VCT = "https://town.example/resident";
export const CLAIMS = {
  name: "Alice Adler",
  born: "1990-02-03",
  address: { street: "Long Lane 7", city: "Lübeck" },
} as const satisfies JsonObject;
const COLOURS = { Coloured: "https://town.example/Coloured", colour: "https://town.example/colour" };
const EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2";

export const OPENID: NonNullable<Credentials["openid"]> = {
  name: "Town of Lübeck",
  configurations: [
    {
      name: "resident",
      issuer: "acme",
      format: "dc+sd-jwt",
      vct: VCT,
      claims: [
        { path: ["name"], mandatory: true, name: "Name" },
        { path: ["born"] },
        { path: ["address"], disclosable: false },
        { path: ["address", "street"] },
        { path: ["address", "city"] },
      ],
      decoys: 2,
      seconds: 86_400,
      status: ["revocation"],
      label: "Resident",
    },
    { name: "degree", issuer: "ed", format: "ldp_vc", types: ["ExampleDegreeCredential"], contexts: [EXAMPLES] },
    { name: "pass", issuer: "acme", format: "jwt_vc_json", types: ["ExamplePassCredential"], contexts: [EXAMPLES] },
    { name: "colour", issuer: "ed", format: "ldp_vc", types: ["Coloured"], contexts: [COLOURS] },
  ],
  verifier: { did: "did:hansa" },
};

/** @param more - laid over `identity.credentials` */
export async function startOpenidNode(
  more: Partial<Credentials> = {},
  options: Parameters<typeof startVcNode>[1] = {},
) {
  const at = await startVcNode({ ...CREDENTIALS, openid: OPENID, ...more }, options);
  const { fetch } = at;
  const client = at.client();
  const finder = makeKeyFinder(
    new DidResolver([keyMethod, remoteMethod("hansa", (did) => resolveDid(client, did, {}, {}))]),
    { mayRead: () => true },
  );
  return {
    ...at,
    /** Keys, as anybody finds them. */
    finder,
    wallet: () => new Wallet({ store: createMemoryWalletStore() }),
    offer: async (body: object = { configuration: "resident", claims: CLAIMS }) =>
      at.post("/openid4vci/offers", body, at.mine()),
    ask: async (body: object) => at.post("/openid4vp/requests", body, at.mine()),
    result: async (id: string) => (await at.get(`/openid4vp/requests/${id}`, at.mine())).json,
    form: async (path: string, parameters: Record<string, string>, headers: Record<string, string> = {}) =>
      at.call("POST", path, new URLSearchParams(parameters).toString(), {
        "content-type": "application/x-www-form-urlencoded",
        ...headers,
      }),
    fetch,
  };
}

/** Settings of a node that offers one configuration. */
export const offering = (
  configuration: Partial<(NonNullable<Credentials["openid"]>["configurations"] & {})[number]>,
  issuer: Partial<(typeof ISSUERS)[number]> = {},
): Partial<Credentials> => ({
  issuers: [...ISSUERS, { name: "other", did: "did:key", key: "p256", ...issuer }],
  openid: {
    configurations: [
      {
        name: "one",
        issuer: "other",
        format: "ldp_vc",
        types: ["ExampleDegreeCredential"],
        contexts: [EXAMPLES],
        ...configuration,
      },
    ],
  },
});

export type OpenidNode = Awaited<ReturnType<typeof startOpenidNode>>;

export const newSigner = (algorithm: CredentialSigner["algorithm"] = "P-256") => createCredentialSigner(algorithm);

const GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

/** The code of an offer, as the member was told it. */
export const codeOf = (offer: JsonObject): string =>
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the standard's
  (offer as any).grants[GRANT]["pre-authorized_code"];

/** A wallet's requests one by one, for tests that send wrong ones. */
export function rawWallet(at: OpenidNode, signer: CredentialSigner = newSigner()) {
  const token = (code: string, more: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    at.form("/openid4vci/token", { grant_type: GRANT, "pre-authorized_code": code, ...more }, headers);
  const nonce = async (): Promise<string> => (await at.call("POST", "/openid4vci/nonce")).json.c_nonce;
  const proof = (claims: JsonObject, header: JsonObject = {}, by: CredentialSigner = signer): string =>
    signCompactJws(
      { typ: "openid4vci-proof+jwt", jwk: jwkOfKey(by), ...header },
      { aud: at.node.url, iat: Math.floor(Date.now() / 1000), ...claims },
      by,
    );
  return {
    signer,
    token,
    nonce,
    proof,
    /** From an offer to an access token. */
    enter: async (body?: object): Promise<string> => {
      const { json } = await at.offer(body);
      return (await token(codeOf(json.credentialOffer))).json.access_token;
    },
    credential: (accessToken: string, proofs: readonly string[], more: object = {}, headers: object = {}) =>
      at.post(
        "/openid4vci/credential",
        { credential_configuration_id: "resident", proofs: { jwt: proofs }, ...more },
        { authorization: `Bearer ${accessToken}`, ...headers },
      ),
  };
}
