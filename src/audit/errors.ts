import { type ErrorTable, errorsOf } from "#base";

/** Every refusal of this room. */
export const AUDIT_ERRORS = {
  "audit.unknown-subject": {
    status: 400,
    meaning: "The text names nothing that a trail can be about.",
    advice:
      "Give a DID, a linkage id (lk_…), topic/<name>, model/<vendor>/<product>, root/<id>, proposal/<number>, node/<id>, issuer/<type>/<DID>, schema/<schema>, status/<DID>/<list>, evidence/<root> or grant/<id>.",
  },
  "audit.cursor": {
    status: 400,
    meaning: "The cursor is none that a page of a trail gave.",
    advice: "Pass the `next` of the page before, unchanged.",
  },
  "audit.limit": {
    status: 400,
    meaning: "A page of a trail has 1 to 1000 entries.",
    advice: "Ask for fewer, and go on with `after`.",
  },
  "audit.too-long": {
    status: 413,
    meaning: "The trail has more entries, records or commands, or more bytes, than one proof file takes.",
    advice: "Take it in parts: pass `limit`, and `after` with the last place of the part before.",
  },
  "audit.missing-block": {
    status: 404,
    meaning: "The node does not have the block that an entry stands in.",
    advice: "Ask a node that has kept the ledger from that height on.",
  },
  "audit.head-moved": {
    status: 503,
    meaning: "The ledger moved on while records were being proved, or has not begun.",
    advice: "Try again.",
  },
} as const satisfies ErrorTable;

/** Code of a refusal of this room. */
export type AuditErrorCode = keyof typeof AUDIT_ERRORS;

/** Makes an error of this room. */
export const auditError = errorsOf(AUDIT_ERRORS);
