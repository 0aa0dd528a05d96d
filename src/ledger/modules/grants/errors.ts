import type { ReceiptErrorTable } from "#protocol";
import { refusals } from "../../kernel/module.ts";

export const GRANT_ERRORS = {
  "grants.exists": {
    number: 1001,
    status: 409,
    meaning: "There is a grant of this id.",
    advice: "Take a fresh id, 128 random bits.",
  },
  "grants.unknown": {
    number: 1002,
    status: 404,
    meaning: "No such grant.",
    advice: "`hansa grant list` shows them.",
  },
  "grants.window": {
    number: 1003,
    status: 400,
    meaning: "The grant ends before it begins, or is over already.",
    advice: "Choose a later `until`.",
  },
  "grants.terms": {
    number: 1004,
    status: 400,
    meaning: "The digests of the terms are not in ascending order.",
    advice: "Take them as `digestTerms` of the sdk gives them.",
  },
  "grants.recipient": {
    number: 1005,
    status: 404,
    meaning: "The recipient is no live DID of this ledger, or a member that is suspended or removed.",
    advice: "Create its DID first, or name another.",
  },
  "grants.provider": {
    number: 1006,
    status: 404,
    meaning: "The provider is no active member of the group.",
    advice: "`hansa member list` shows who is.",
  },
  "grants.widened": {
    number: 1007,
    status: 403,
    meaning: "What is handed on exceeds what was got.",
    advice: "Keep within the grant above; the payload's `field` says where it exceeds it.",
  },
  "grants.lapsed": {
    number: 1008,
    status: 409,
    meaning: "The grant, or one above it, does not stand, and cannot be handed on.",
    advice: "See the payload's `why` and `link`; ask the grantor for another.",
  },
  "grants.not-recipient": {
    number: 1009,
    status: 403,
    meaning: "Only the recipient of a grant hands it on.",
    advice: "Let the recipient sign.",
  },
  "grants.not-grantor": {
    number: 1010,
    status: 403,
    meaning: "Only the owner, or who gave this link, revokes it.",
    advice: "Let one of the two sign.",
  },
  "grants.revoked": {
    number: 1011,
    status: 409,
    meaning: "The grant is revoked already.",
    advice: "Nothing to do.",
  },
  "grants.foreign-receipts": {
    number: 1012,
    status: 403,
    meaning: "The signer is not the provider that the grant names.",
    advice: "The provider anchors the receipts of its own releases.",
  },
  "grants.spent": {
    number: 1013,
    status: 409,
    meaning: "More releases than the count of the grant, or of one above it, leaves.",
    advice:
      "See the payload's `link`, `count` and `used`; leave the grant out of the batch and settle it with the owner.",
  },
  "grants.batch": {
    number: 1014,
    status: 400,
    meaning: "A batch counts more releases than it has receipts, or names a grant twice.",
    advice: "Count each receipt once.",
  },
} as const satisfies ReceiptErrorTable;

export const refuse = refusals(GRANT_ERRORS);
