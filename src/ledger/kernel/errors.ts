import { HansaError } from "#base";
import { type ReceiptErrorTable, TRANSACTION_ERRORS } from "#protocol";
import { DEVICE_ERRORS } from "../modules/devices/errors.ts";
import { EVIDENCE_ERRORS } from "../modules/evidence/errors.ts";
import { IDENTITY_ERRORS } from "../modules/identity/errors.ts";
import { ISSUER_ERRORS } from "../modules/issuers/errors.ts";
import { LINKAGE_MODULE_ERRORS } from "../modules/linkages/errors.ts";
import { MEMBER_ERRORS } from "../modules/members/errors.ts";
import { NODE_ERRORS } from "../modules/nodes/errors.ts";
import { STATUS_ERRORS } from "../modules/statuses/errors.ts";
import { TOPIC_ERRORS } from "../modules/topics/errors.ts";

/** Every code that can stand in a receipt. */
export const RECEIPT_ERRORS = {
  ...TRANSACTION_ERRORS,
  ...MEMBER_ERRORS,
  ...IDENTITY_ERRORS,
  ...DEVICE_ERRORS,
  ...LINKAGE_MODULE_ERRORS,
  ...TOPIC_ERRORS,
  ...NODE_ERRORS,
  ...ISSUER_ERRORS,
  ...STATUS_ERRORS,
  ...EVIDENCE_ERRORS,
} as const satisfies ReceiptErrorTable;

export type ReceiptErrorCode = keyof typeof RECEIPT_ERRORS;

/** What can go wrong with the ledger itself, outside of any transaction. */
export const LEDGER_ERRORS = {
  "ledger.block-order": {
    status: 500,
    meaning: "A block does not follow the head: wrong height, or a time that is not later.",
    advice: "The engine and the store disagree; restart the node, and restore a backup if it stays.",
  },
  "ledger.genesis-mismatch": {
    status: 500,
    meaning: "The store belongs to a group with another genesis.",
    advice: "Point the node at the right data folder.",
  },
  "ledger.not-empty": {
    status: 500,
    meaning: "A snapshot is restored into an empty store only.",
    advice: "Use a fresh data folder.",
  },
  "ledger.root-mismatch": {
    status: 500,
    meaning: "Records and header disagree: the stored state is not the one that was signed.",
    advice: "The data was altered or damaged; restore a backup.",
  },
  "ledger.inheritance-missing": {
    status: 500,
    meaning: "The group goes on from another one, and that one's records are not at hand.",
    advice: "Take the group in again with `hansa group join … --state`, or let the node begin from a peer's snapshot.",
  },
  "ledger.founder-key": {
    status: 422,
    meaning: "A founder's key is none with which its DID authenticates in the group that the new one goes on from.",
    advice: "Found without this member; the new group's members admit it by vote, under the keys that it has.",
  },
  "ledger.node-conflict": {
    status: 422,
    meaning: "A node or voting key of the genesis belonged to another node in the group that the new one goes on from.",
    advice:
      "Let that founder make fresh keys: `hansa group request` with a group name that its home does not have yet.",
  },
  "query.unknown": { status: 404, meaning: "There is no such query.", advice: "GET /openapi.json lists them." },
  "query.arguments": {
    status: 400,
    meaning: "The query's arguments do not fit its schema.",
    advice: "See the payload's `path` and `problem`.",
  },
  "query.not-found": {
    status: 404,
    meaning: "There is no such record.",
    advice: "Check the id, and the height if one was given.",
  },
  "query.height": {
    status: 400,
    meaning: "The height is above the head or below the lowest that is kept.",
    advice: "Ask for a height within `hansa status`.",
  },
} as const;

export type LedgerErrorCode = keyof typeof LEDGER_ERRORS;

export function ledgerError(code: LedgerErrorCode, message: string, payload: object = {}): HansaError<LedgerErrorCode> {
  return new HansaError(code, message, payload, { advice: LEDGER_ERRORS[code].advice });
}

/** Number of a code as receipts hash it. */
export function receiptNumber(code: string): number {
  return (RECEIPT_ERRORS as ReceiptErrorTable)[code]?.number ?? TRANSACTION_ERRORS["transaction.malformed"].number;
}
