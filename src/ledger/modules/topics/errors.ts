import type { ReceiptErrorTable } from "#protocol";
import { refusals } from "../../kernel/module.ts";

export const TOPIC_ERRORS = {
  "topics.exists": {
    number: 501,
    status: 409,
    meaning: "The topic is open already, or lies below or above one that is.",
    advice: "Choose a name that no open topic begins with.",
  },
  "topics.unknown": { number: 502, status: 404, meaning: "No such topic.", advice: "`hansa topic list` shows them." },
  "topics.closed": { number: 503, status: 409, meaning: "The topic was closed.", advice: "Open another." },
  "topics.reserved": {
    number: 504,
    status: 400,
    meaning: "Names that begin with `hansa` are the nodes' own.",
    advice: "Choose another name.",
  },
  "topics.checkpoint-behind": {
    number: 505,
    status: 409,
    meaning: "A checkpoint is smaller than the anchored one, or differs from it at the same size.",
    advice: "The log was cut or forked: restore it, and tell the other members.",
  },
} as const satisfies ReceiptErrorTable;

export const refuse = refusals(TOPIC_ERRORS);
