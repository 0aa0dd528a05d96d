import { type ErrorTable, errorsOf } from "#base";

/** What the client itself refuses; a node's refusals keep the node's own codes. */
export const SDK_ERRORS = {
  "sdk.url": {
    status: 400,
    meaning: "The node's address is not an http or https URL.",
    advice: "Give it as http://host:port, with no query and no fragment.",
  },
  "sdk.tls": {
    status: 400,
    meaning: "The client's TLS options cannot be used.",
    advice: "Give `cert` and `key` together, as PEM, on Node; in a browser install the certificates in it.",
  },
  "sdk.unreachable": {
    status: 503,
    meaning: "Nothing answered at the node's address, or the connection broke off.",
    advice: "Check that the node runs (`hansa up`) and that the address is right (--url or HANSA_URL).",
  },
  "sdk.timeout": {
    status: 504,
    meaning: "The node did not answer in time.",
    advice: "Try again; a transaction that was sent may be resent as it is, the node answers its first receipt.",
  },
  "sdk.answer": {
    status: 502,
    meaning: "The answer is not what the API promises.",
    advice: "Check that the address is a Hansa node's and that its version fits this client's.",
  },
  "sdk.answer-too-large": {
    status: 502,
    meaning: "The answer is larger than this client takes.",
    advice: "Ask for a smaller page, or raise `maxBytes` of the client.",
  },
  "sdk.refused": {
    status: 502,
    meaning: "The node refused with a status and no problem document.",
    advice: "See the payload's `status` and `text`; something between here and the node may have answered.",
  },
  "sdk.no-signer": {
    status: 400,
    meaning: "The call needs a signature, and the client has no signer.",
    advice: "Give `signer` to createClient, or `signers` to the call.",
  },
  "sdk.no-group": {
    status: 400,
    meaning: "The client names no group, or one that this node does not serve, and the node serves not exactly one.",
    advice: "Name one of the payload's `groups` (--group, or `group` of createClient).",
  },
  "sdk.no-trust": {
    status: 400,
    meaning: "A verified answer is asked for, and nothing says what to verify it against.",
    advice:
      "Give the group's whole id, which holds the hash of its genesis: `group` of createClient, --group, or a verifier.",
  },
  "sdk.release": {
    status: 502,
    meaning:
      "What a provider released, or its receipt, does not hold: a signature, a digest or a place in a log is wrong.",
    advice: "Believe nothing of it and sign no receipt; show the answer to the owner and the provider.",
  },
  "sdk.not-provable": {
    status: 400,
    meaning: "A verified answer is asked for of an earlier block: nodes prove the newest state alone.",
    advice: "Leave the height out, or ask without `verified`.",
  },
  "sdk.went-back": {
    status: 502,
    meaning: "The answer holds, but is older than one that was verified before.",
    advice: "Ask another node: this one lags, or withholds what is new.",
  },
  "sdk.forked": {
    status: 502,
    meaning: "Two different headers of one height are vouched for: the group's engine signed two histories.",
    advice: "Keep both proof files and show them to the members; trust neither.",
  },
} as const satisfies ErrorTable;

export type SdkErrorCode = keyof typeof SDK_ERRORS;

export const sdkError = errorsOf(SDK_ERRORS);
