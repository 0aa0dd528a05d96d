import type { ReceiptErrorTable } from "#protocol";
import { refusals } from "../../kernel/module.ts";

export const LINKAGE_MODULE_ERRORS = {
  "linkages.exists": {
    number: 401,
    status: 409,
    meaning: "This very contract was proposed before.",
    advice: "Accept it, or choose another `nonce`.",
  },
  "linkages.unknown": {
    number: 402,
    status: 404,
    meaning: "No such linkage.",
    advice: "`hansa linkage list` shows them.",
  },
  "linkages.not-party": {
    number: 403,
    status: 403,
    meaning: "The signer is not a party of the contract.",
    advice: "Let a party sign.",
  },
  "linkages.unknown-device": {
    number: 404,
    status: 404,
    meaning: "A device in the contract is not enrolled.",
    advice: "Enrol it first.",
  },
  "linkages.missing-party": {
    number: 405,
    status: 400,
    meaning: "The operator or owner of a device in the contract is not among its parties.",
    advice: "Add the DID in the payload to `parties`.",
  },
  "linkages.state": {
    number: 406,
    status: 409,
    meaning: "The linkage's status does not allow this.",
    advice: "See the payload's `status`.",
  },
  "linkages.validity": {
    number: 407,
    status: 400,
    meaning: "The contract's validity is over, or ends before it begins.",
    advice: "Choose a later `until`.",
  },
  "linkages.accepted": {
    number: 408,
    status: 409,
    meaning: "The party has accepted already.",
    advice: "Nothing to do.",
  },
  "linkages.unknown-identity": {
    number: 409,
    status: 404,
    meaning: "A party is not a live DID of this ledger.",
    advice: "Create it first.",
  },
  "linkages.bad-contract": {
    number: 410,
    status: 400,
    meaning: "The contract contradicts itself.",
    advice: "See the payload's `problem`.",
  },
  "linkages.not-suspender": {
    number: 411,
    status: 403,
    meaning: "Only the party that suspended a linkage lets it go on.",
    advice: "Ask that party, or withdraw.",
  },
  "linkages.foreign-receipts": {
    number: 412,
    status: 403,
    meaning: "The issuer operates none of the linkage's target devices.",
    advice: "The target's platform anchors its receipts.",
  },
} as const satisfies ReceiptErrorTable;

export const refuse = refusals(LINKAGE_MODULE_ERRORS);
