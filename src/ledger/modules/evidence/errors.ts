import type { ReceiptErrorTable } from "#protocol";
import { refusals } from "../../kernel/module.ts";

export const EVIDENCE_ERRORS = {
  "evidence.unknown": {
    number: 901,
    status: 404,
    meaning: "No such root was anchored.",
    advice: "Check the root: a proof file names it.",
  },
  "evidence.exists": {
    number: 902,
    status: 409,
    meaning: "The root was anchored before.",
    advice: "Anchor the documents anew, with fresh salts.",
  },
  "evidence.unknown-identity": {
    number: 903,
    status: 404,
    meaning: "A signer that is named is no live DID of this ledger.",
    advice: "Create the DID first; a member can sponsor it.",
  },
  "evidence.not-signer": {
    number: 904,
    status: 403,
    meaning: "The DID was not named to sign this evidence, or has not signed it.",
    advice: "`hansa evidence show` says who was; whoever else vouches for it anchors it anew.",
  },
  "evidence.signed": {
    number: 905,
    status: 409,
    meaning: "The DID has signed this evidence already.",
    advice: "Nothing to do.",
  },
  "evidence.revoked": {
    number: 906,
    status: 409,
    meaning: "It is revoked already.",
    advice: "`hansa evidence show` says by whom.",
  },
  "evidence.not-revoked": {
    number: 907,
    status: 409,
    meaning: "It is not revoked.",
    advice: "Nothing to do.",
  },
  "evidence.not-revoker": {
    number: 908,
    status: 403,
    meaning: "Only who revoked it takes that back.",
    advice: "`hansa evidence show` says who did.",
  },
  "evidence.index": {
    number: 909,
    status: 400,
    meaning: "There is no document of this number below the root.",
    advice: "Take the `index` of the document's proof file.",
  },
} as const satisfies ReceiptErrorTable;

export const refuse = refusals(EVIDENCE_ERRORS);
