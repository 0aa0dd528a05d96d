/** Routes of OpenID4VCI 1.0 and OpenID4VP 1.0. What stands under `/.well-known` has its place from the standards. */
const JSON_TYPE = "application/json";
const FORM = "application/x-www-form-urlencoded";
const NODE = "https://node.acme.example";
const ID = "kq3R5g9b2Zt1c0QmO7nXw4";
const CLIENT = "decentralized_identifier:did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
const CONFIGURATION = "resident";
const EXPIRES = 1_769_861_400;
const OFFER = {
  credential_issuer: NODE,
  credential_configuration_ids: [CONFIGURATION],
  grants: {
    "urn:ietf:params:oauth:grant-type:pre-authorized_code": {
      "pre-authorized_code": "oaKazRN8I0IbtZ0C7JuMn5",
      tx_code: { input_mode: "numeric", length: 6 },
    },
  },
};
const QUERY = {
  credentials: [
    {
      id: "home",
      format: "dc+sd-jwt",
      meta: { vct_values: ["https://town.example/resident"] },
      claims: [{ path: ["address", "city"] }],
    },
  ],
};

export const OPENID_ROUTES = {
  credentialIssuerMetadata: {
    method: "GET",
    path: "/.well-known/openid-credential-issuer",
    access: "open",
    summary: "What the node issues over OpenID4VCI 1.0, and where (§12.2).",
    answer: {
      type: JSON_TYPE,
      example: {
        credential_issuer: NODE,
        credential_endpoint: `${NODE}/openid4vci/credential`,
        nonce_endpoint: `${NODE}/openid4vci/nonce`,
        credential_configurations_supported: {
          [CONFIGURATION]: { format: "dc+sd-jwt", vct: "https://town.example/resident" },
        },
      },
    },
  },
  authorizationServerMetadata: {
    method: "GET",
    path: "/.well-known/oauth-authorization-server",
    access: "open",
    summary: "The node as the authorization server of what it issues (RFC 8414).",
    answer: { type: JSON_TYPE, example: { issuer: NODE, token_endpoint: `${NODE}/openid4vci/token` } },
  },
  offerCredential: {
    method: "POST",
    path: "/openid4vci/offers",
    access: "member",
    summary: "Offers a credential to whoever has the code in the offer (OpenID4VCI).",
    body: [JSON_TYPE],
    content: {
      schema: "OfferRequest",
      example: { configuration: CONFIGURATION, claims: { address: { city: "Lübeck" } }, txCode: "numeric" },
    },
    answer: {
      type: JSON_TYPE,
      status: 201,
      example: {
        id: ID,
        uri: `openid-credential-offer://?credential_offer_uri=${encodeURIComponent(`${NODE}/openid4vci/offers/${ID}`)}`,
        credentialOffer: OFFER,
        txCode: "493536",
        credentialId: "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        expires: EXPIRES,
      },
    },
  },
  credentialOffer: {
    method: "GET",
    path: "/openid4vci/offers/:id",
    access: "open",
    summary: "An offer, for the wallet that was given its address; gone once it is redeemed.",
    answer: { type: JSON_TYPE, example: OFFER },
  },
  credentialOfferState: {
    method: "GET",
    path: "/openid4vci/offers/:id/state",
    access: "member",
    summary: "What became of an offer.",
    answer: {
      type: JSON_TYPE,
      example: {
        id: ID,
        state: "issued",
        configuration: CONFIGURATION,
        credentialId: "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        expires: EXPIRES,
      },
    },
  },
  openidToken: {
    method: "POST",
    path: "/openid4vci/token",
    access: "open",
    summary:
      "Takes the code of an offer, once, for an access token (OpenID4VCI §6); with a `DPoP` header the token is bound to its key. Refusals are those of OAuth.",
    body: [FORM],
    answer: { type: JSON_TYPE, example: { access_token: "z2Yw…", token_type: "Bearer", expires_in: 600 } },
  },
  openidNonce: {
    method: "POST",
    path: "/openid4vci/nonce",
    access: "open",
    summary: "A nonce for one proof of a key (OpenID4VCI §7).",
    answer: { type: JSON_TYPE, example: { c_nonce: "wKI4LT17ac15ES9bw8ac4" } },
  },
  openidCredential: {
    method: "POST",
    path: "/openid4vci/credential",
    access: "open",
    summary:
      "Issues what was offered to the keys that the wallet proves (OpenID4VCI §8): `Authorization` holds the access token.",
    body: [JSON_TYPE],
    answer: { type: JSON_TYPE, example: { credentials: [{ credential: "eyJ…~WyJ…~" }] } },
  },
  requestPresentation: {
    method: "POST",
    path: "/openid4vp/requests",
    access: "member",
    summary: "Asks for presentations with a DCQL query (OpenID4VP).",
    body: [JSON_TYPE],
    content: { schema: "PresentationQuestion", example: { query: QUERY, recognised: true } },
    answer: {
      type: JSON_TYPE,
      status: 201,
      example: {
        id: ID,
        uri: `openid4vp://?client_id=${encodeURIComponent(CLIENT)}&request_uri=${encodeURIComponent(`${NODE}/openid4vp/requests/${ID}/object`)}`,
        requestUri: `${NODE}/openid4vp/requests/${ID}/object`,
        clientId: CLIENT,
        expires: EXPIRES,
      },
    },
  },
  presentationRequestObject: {
    method: "GET",
    path: "/openid4vp/requests/:id/object",
    access: "open",
    summary: "The signed request object, for wallets (RFC 9101).",
    answer: { type: "application/oauth-authz-req+jwt" },
  },
  respondPresentation: {
    method: "POST",
    path: "/openid4vp/requests/:id/response",
    access: "open",
    summary: "Takes a wallet's answer, once (`direct_post`, `direct_post.jwt`). Refusals are those of OAuth.",
    body: [FORM],
    answer: { type: JSON_TYPE, example: {} },
  },
  presentationResult: {
    method: "GET",
    path: "/openid4vp/requests/:id",
    access: "member",
    summary: "What came of a question, with the verified claims.",
    answer: {
      type: JSON_TYPE,
      example: {
        id: ID,
        state: "answered",
        expires: EXPIRES,
        credentials: {
          home: [
            {
              format: "dc+sd-jwt",
              issuer: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
              types: ["https://town.example/resident"],
              claims: { address: { city: "Lübeck" } },
              holder: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            },
          ],
        },
      },
    },
  },
} as const;
