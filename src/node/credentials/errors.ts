import { type ErrorTable, errorsOf } from "#base";

/** What a node refuses of the VC API by itself; what is wrong with a credential has a code of `credentials.*`. */
export const VC_API_ERRORS = {
  "vc-api.off": {
    status: 404,
    meaning: "This node does not do that for anybody.",
    advice: "Whoever runs it sets `identity.credentials` in config.json: issuers, holder, verifier.",
  },
  "vc-api.request": {
    status: 400,
    meaning: "The request is not one of the VC API: not JSON, a member too many, missing, or of a wrong type.",
    advice: "See the payload's `path` and `problem`, and the route's schema in GET /openapi.json.",
  },
  "vc-api.issuer": {
    status: 400,
    meaning: "The credential names no issuer that this node issues for.",
    advice: "Put one of the node's issuers into `issuer`, or name it in `options.issuer`.",
  },
  "vc-api.suite": {
    status: 400,
    meaning: "The issuer's key does not go with the cryptosuite or format that is asked for.",
    advice: "Ask for another one, or for an issuer with another key.",
  },
  "vc-api.not-found": {
    status: 404,
    meaning: "There is no such credential, status list or status list entry at this node.",
    advice:
      "Check the id, percent-encoded in a path; credentials issued without a place in a status list have no status.",
  },
  "vc-api.irrevocable": {
    status: 409,
    meaning: "A revocation is for good.",
    advice: "Issue a new credential; what may be lifted again is a suspension.",
  },
  "vc-api.limit": {
    status: 409,
    meaning: "The node keeps as many of these as it takes.",
    advice: "Erase what is no longer needed.",
  },
  "vc-api.busy": {
    status: 503,
    meaning: "Too many challenges were used in the last minutes.",
    advice: "Try again in a moment.",
  },
} as const satisfies ErrorTable;

export const vcApiError = errorsOf(VC_API_ERRORS);
