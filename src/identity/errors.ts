import { type ErrorTable, errorsOf } from "#base";

/** Every refusal of this room. */
export const RESOLUTION_ERRORS = {
  "resolution.did": {
    status: 400,
    meaning: "The text is not a DID, or not one of its method.",
    advice: "Check it for a slip: did:<method>:<id>, percent-encoded in the path of a URL.",
  },
  "resolution.did-url": {
    status: 400,
    meaning: "What follows the DID in a DID URL is malformed, names a parameter twice, or leads out of the service.",
    advice: "Percent-encode parameters' values, and the whole DID URL in the path of a URL.",
  },
  "resolution.options": {
    status: 400,
    meaning: "A parameter or option of the resolution has a value that it cannot have, or two exclude each other.",
    advice: "versionId is a number from 1, versionTime a moment such as 2026-01-31T12:00:00Z; give one of the two.",
  },
  "resolution.not-found": {
    status: 404,
    meaning: "There is no such DID, version, service or key, or none that the asker may read.",
    advice:
      "Check the DID; `group` chooses among the groups of its alliance; sign the request where the group is for its parties.",
  },
  "resolution.deactivated": {
    status: 410,
    meaning: "The DID was deactivated for good, so it has no document any more.",
    advice: "Ask for an earlier version with versionId or versionTime, if the past is what matters.",
  },
  "resolution.representation": {
    status: 406,
    meaning: "The answer cannot be given in a media type that the request accepts.",
    advice: "Accept application/did-resolution, application/did, or application/did-url-dereferencing for a part.",
  },
  "resolution.method": {
    status: 501,
    meaning: "This node resolves no DIDs of this method.",
    advice: "Ask another resolver; did:web wants `identity.didWeb` in config.json.",
  },
  "resolution.feature": {
    status: 501,
    meaning: "The DID's method, or this resolver, does not know the option or the type of key.",
    advice: "Leave the option out; see the payload's `feature`.",
  },
  "resolution.document": {
    status: 500,
    meaning: "The document that a did:web leads to is not its DID document.",
    advice: "Tell whoever runs the host: it must be JSON of at most 64 KB whose `id` is the DID.",
  },
  "resolution.unreachable": {
    status: 500,
    meaning: "The host of a did:web did not answer as it should, or this node may not ask it.",
    advice: "Try again later; hosts in private networks have to stand in `identity.privateHosts` of config.json.",
  },
} as const satisfies ErrorTable;

/** Code of a refusal of this room. */
export type ResolutionErrorCode = keyof typeof RESOLUTION_ERRORS;

/** Makes an error of this room. */
export const resolutionError = errorsOf(RESOLUTION_ERRORS);

/** Names of DID Resolution §11, prefixed as it says. A deactivated DID is no error there, but a status. */
const W3C_NAMES: Readonly<Record<Exclude<ResolutionErrorCode, "resolution.deactivated">, string>> = {
  "resolution.did": "INVALID_DID",
  "resolution.did-url": "INVALID_DID_URL",
  "resolution.options": "INVALID_OPTIONS",
  "resolution.not-found": "NOT_FOUND",
  "resolution.representation": "REPRESENTATION_NOT_SUPPORTED",
  "resolution.method": "METHOD_NOT_SUPPORTED",
  "resolution.feature": "FEATURE_NOT_SUPPORTED",
  "resolution.document": "INVALID_DID_DOCUMENT",
  "resolution.unreachable": "INTERNAL_ERROR",
};

/** `type` of the problem that an error of this room is told as. */
export function resolutionErrorType(code: ResolutionErrorCode): string {
  return code === "resolution.deactivated" ? `urn:hansa:error:${code}` : `https://www.w3.org/ns/did#${W3C_NAMES[code]}`;
}
