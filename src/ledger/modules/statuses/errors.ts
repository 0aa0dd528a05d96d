import type { ReceiptErrorTable } from "#protocol";
import { refusals } from "../../kernel/module.ts";

export const STATUS_ERRORS = {
  "statuses.behind": {
    number: 801,
    status: 409,
    meaning: "The status list is not newer than the published one, or has fewer entries.",
    advice: "Read it with `statuses.get`, and publish the next version.",
  },
  "statuses.differs": {
    number: 802,
    status: 409,
    meaning: "A status list keeps its kind, purpose and bits for good.",
    advice: "Open another list.",
  },
} as const satisfies ReceiptErrorTable;

export const refuse = refusals(STATUS_ERRORS);
