import type { ReceiptErrorTable } from "#protocol";
import { refusals } from "../../kernel/module.ts";

export const ISSUER_ERRORS = {
  "issuers.not-member": {
    number: 701,
    status: 409,
    meaning: "Only an active member is recognised as an issuer.",
    advice: "Admit or reinstate the organisation first.",
  },
  "issuers.recognised": {
    number: 702,
    status: 409,
    meaning: "The member is recognised as an issuer of this type already.",
    advice: "Nothing to do.",
  },
  "issuers.not-recognised": {
    number: 703,
    status: 409,
    meaning: "The DID is not recognised as an issuer of this type.",
    advice: "`hansa issuer list` shows who is.",
  },
  "issuers.schema-exists": {
    number: 704,
    status: 409,
    meaning: "This version of the schema is registered already: versions never change.",
    advice: "Choose another version.",
  },
  "issuers.schema-publisher": {
    number: 705,
    status: 403,
    meaning: "The schema is another member's.",
    advice: "Register it under another name.",
  },
  "issuers.too-many": {
    number: 706,
    status: 409,
    meaning: "A member is recognised for at most 64 types at once.",
    advice: "End one that is no longer needed, or let one type cover several.",
  },
} as const satisfies ReceiptErrorTable;

export const refuse = refusals(ISSUER_ERRORS);
