import { type ErrorTable, errorsOf } from "#base";

export const EXCHANGE_ERRORS = {
  "exchange.malformed": {
    status: 400,
    meaning: "The message is not of the shape that the exchange takes.",
    advice: "See the payload's `path` and `problem`; the sdk makes these messages.",
  },
  "exchange.wrong-provider": {
    status: 400,
    meaning: "The request is for another provider, or another group, than this node plays for.",
    advice: "Ask the node of the member that the grant names as its provider.",
  },
  "exchange.expired": {
    status: 400,
    meaning: "The request has run out, is not yet valid, or is valid for longer than requests may be.",
    advice: "Take a fresh nonce and sign anew; check the machine's clock.",
  },
  "exchange.signature": {
    status: 401,
    meaning: "No authentication key of the recipient, in good standing in this group, signed the message.",
    advice: "Sign with a key that the recipient's DID document lists for authentication.",
  },
  "exchange.nonce": {
    status: 401,
    meaning: "The nonce is not one that this provider gave for this recipient and resource, has run out, or was used.",
    advice: "Take a fresh nonce and sign anew.",
  },
  "exchange.grant": {
    status: 403,
    meaning: "The grant, or a link above it, does not stand: unknown, revoked, too early, expired, or a party is gone.",
    advice: "See the payload's `lapse`; ask the owner for a new grant.",
  },
  "exchange.spent": {
    status: 403,
    meaning: "All releases that the grant, or a link above it, allows are used.",
    advice: "Ask the owner for a new grant.",
  },
  "exchange.not-recipient": {
    status: 403,
    meaning: "The grant was given to somebody else.",
    advice: "Only the recipient of the last link may ask, with a key of its own.",
  },
  "exchange.window": {
    status: 403,
    meaning: "The window of a history begins before the grant's own, ends after it or in the future, or is empty.",
    advice: "Ask for a time within every link's `from` and `until` that has passed.",
  },
  "exchange.not-owner": {
    status: 403,
    meaning: "The data is not the grant's owner's to give.",
    advice: "Only the owner of a device or dataset can let its data out.",
  },
  "exchange.no-data": {
    status: 404,
    meaning: "The provider keeps no such data: never did, or it was erased.",
    advice: "Ask the owner or the provider what there is.",
  },
  "exchange.too-large": {
    status: 413,
    meaning: "The data is more than one release carries.",
    advice: "Ask for a shorter window.",
  },
  "exchange.busy": {
    status: 503,
    meaning: "The provider has as many requests or subscriptions open as it takes.",
    advice: "Try again in a moment; the same request stays good until it runs out.",
  },
  "exchange.unknown-receipt": {
    status: 404,
    meaning: "The provider gave no such access receipt, or it was handed in changed.",
    advice: "Add a signature to the receipt as it came, and change nothing in it.",
  },
  "exchange.not-anchored": {
    status: 409,
    meaning: "The receipt's batch is not on the ledger yet.",
    advice: "Ask again in a moment: batches are anchored about once a second.",
  },
  "exchange.dataset-exists": {
    status: 409,
    meaning: "The provider keeps a dataset of this name for another owner.",
    advice: "Choose another name, or leave it out and one is made.",
  },
  "exchange.batch": {
    status: 500,
    meaning: "A stored batch of access receipts does not give the root that was anchored.",
    advice: "Check the disk, and restore the group's databases from a backup.",
  },
} as const satisfies ErrorTable;

export type ExchangeErrorCode = keyof typeof EXCHANGE_ERRORS;

export const exchangeError = errorsOf(EXCHANGE_ERRORS);
