import { type ErrorTable, errorsOf } from "#base";

/** What is refused of OpenID4VCI and OpenID4VP, on either side. Refusals to wallets carry the name of OAUTH_NAMES as well. */
export const OPENID_ERRORS = {
  "openid.off": {
    status: 404,
    meaning: "This node offers no credentials, or asks for none, over OpenID.",
    advice: "Whoever runs it sets `identity.credentials.openid` in config.json.",
  },
  "openid.request": {
    status: 400,
    meaning: "The request is not one of the standard: a parameter is missing, malformed or there twice.",
    advice: "See OpenID4VCI 1.0 and OpenID4VP 1.0, and the message.",
  },
  "openid.grant-type": {
    status: 400,
    meaning: "The node gives tokens for pre-authorized codes alone.",
    advice: "Send `grant_type=urn:ietf:params:oauth:grant-type:pre-authorized_code`.",
  },
  "openid.grant": {
    status: 400,
    meaning: "The code is not one that waits: unknown, used, run out or void; or the transaction code is wrong.",
    advice: "Check the transaction code; after five wrong ones, ask the issuer for a new offer.",
  },
  "openid.token": {
    status: 401,
    meaning: "There is no access token, or none that holds: unknown, run out, used up, or bound to another key.",
    advice: "Ask the issuer for a new offer.",
  },
  "openid.dpop": {
    status: 400,
    meaning: "The DPoP proof is not one for this request (RFC 9449), or was used before.",
    advice: "Make a fresh one for each request: `htm`, `htu`, `iat`, `jti`, and `ath` where a token goes with it.",
  },
  "openid.credential-request": {
    status: 400,
    meaning: "The credential request is not one of OpenID4VCI §8.2.",
    advice: "Send `credential_configuration_id` and `proofs.jwt`.",
  },
  "openid.configuration": {
    status: 400,
    meaning: "The node has no such credential configuration, or the token is for another.",
    advice: "See GET /.well-known/openid-credential-issuer.",
  },
  "openid.proof": {
    status: 400,
    meaning:
      "The proof of the key does not hold: signature, `typ`, `aud`, `iat`, or a key of a kind that is not taken.",
    advice: "Sign `openid4vci-proof+jwt` for the credential issuer's identifier, with `jwk` or a DID URL as `kid`.",
  },
  "openid.nonce": {
    status: 400,
    meaning: "The proof's nonce is not one of this node, ran out or was used before.",
    advice: "Get a fresh one from the nonce endpoint.",
  },
  "openid.claims": {
    status: 400,
    meaning: "The claims do not fit the credential configuration.",
    advice: "See the payload's `path` and `problem`.",
  },
  "openid.query": {
    status: 400,
    meaning: "The query is no DCQL query (OpenID4VP 1.0 §6), or asks for formats that are not known here.",
    advice: "See the payload's `problem`.",
  },
  "openid.unknown": {
    status: 404,
    meaning: "There is no such offer or request, or it ran out.",
    advice: "Ask for a new one.",
  },
  "openid.answered": {
    status: 400,
    meaning: "The request was answered before, or ran out: its nonce is good for one answer.",
    advice: "Ask the verifier for a new request.",
  },
  "openid.unsatisfied": {
    status: 400,
    meaning: "What was shown is not what was asked for.",
    advice: "Show what the request's DCQL query names.",
  },
  "openid.too-much": {
    status: 400,
    meaning: "More was disclosed than was asked for.",
    advice: "Keep back every claim that the request's DCQL query does not name.",
  },
  "openid.busy": {
    status: 503,
    meaning: "Too many offers or requests wait.",
    advice: "Try again later.",
  },
  "openid.address": {
    status: 400,
    meaning: "An address of an issuer or verifier is not one to send anything to: it has no TLS, or holds a password.",
    advice: "Only https is used; http to this machine's loopback alone.",
  },
  "openid.peer": {
    status: 502,
    meaning: "The issuer or verifier does not answer as the standard says, or not at all.",
    advice: "Tell it; there is nothing to be done here.",
  },
  "openid.refused": {
    status: 422,
    meaning: "The issuer or verifier refused.",
    advice: "See the payload's `error`, in the words of the standard.",
  },
  "openid.untrusted": {
    status: 422,
    meaning: "The request is not signed by whom it names as its verifier.",
    advice: "Show nothing: somebody else may have made it.",
  },
  "openid.unsupported": {
    status: 422,
    meaning: "The offer or request wants something that this wallet does not do.",
    advice: "See the message.",
  },
  "openid.tx-code": {
    status: 400,
    meaning: "The offer wants a transaction code, which its issuer tells the holder by another way.",
    advice: "Give the code.",
  },
} as const satisfies ErrorTable;

/** Code of a refusal of OpenID4VCI or OpenID4VP. */
export type OpenidErrorCode = keyof typeof OPENID_ERRORS;

/** Makes an error of OpenID4VCI or OpenID4VP. */
export const openidError = errorsOf(OPENID_ERRORS);

/** `error` of RFC 6749 §5.2, RFC 6750 §3.1, RFC 9449 §5, OpenID4VCI §8.3.1.2. */
const OAUTH_NAMES: Readonly<Partial<Record<OpenidErrorCode, string>>> = {
  "openid.grant-type": "unsupported_grant_type",
  "openid.grant": "invalid_grant",
  "openid.token": "invalid_token",
  "openid.dpop": "invalid_dpop_proof",
  "openid.credential-request": "invalid_credential_request",
  "openid.configuration": "unknown_credential_configuration",
  "openid.proof": "invalid_proof",
  "openid.nonce": "invalid_nonce",
  "openid.busy": "temporarily_unavailable",
};

/** The standards' name of a refusal; what they have none for is a bad request. */
export function oauthNameOf(code: string): string {
  return OAUTH_NAMES[code as OpenidErrorCode] ?? "invalid_request";
}
