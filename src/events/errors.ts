import { type ErrorTable, errorsOf } from "#base";

/** Every refusal of this room. */
export const EVENT_ERRORS = {
  "events.unauthenticated": {
    status: 401,
    meaning: "User name and connection token do not prove who is speaking.",
    advice: "Connect with the DID as user name and a fresh connection token, signed by a key of that DID, as password.",
  },
  "events.forbidden": {
    status: 403,
    meaning: "The topic's rules on the ledger do not allow this, or the speaker is no longer admitted.",
    advice: "Ask the topic's operator for a rule (`hansa topic show`), and look at the device's status on the ledger.",
  },
  "events.unknown-topic": {
    status: 404,
    meaning: "No open topic of the ledger whose log is at this node covers this name.",
    advice: "Open the topic first, check its spelling, or go to the node of the topic's operator, which keeps its log.",
  },
  "events.malformed": {
    status: 400,
    meaning: "The message is not what it says to be: a CloudEvent, a packet or a path breaks its standard.",
    advice: "See the payload's `problem`.",
  },
  "events.foreign-source": {
    status: 403,
    meaning: "The event names another source than the DID that the connection was opened with.",
    advice: "Set `source` to your own DID, or leave the envelope to the node.",
  },
  "events.too-large": {
    status: 413,
    meaning: "The payload, or the entry that it becomes in the log, is larger than the node takes.",
    advice: "Send less at once, or send a digest and keep the data with its owner.",
  },
  "events.busy": {
    status: 503,
    meaning: "More events are waiting to become durable than the node holds.",
    advice: "Send again later and slower; nothing of this event was kept.",
  },
  "events.closed": {
    status: 503,
    meaning: "The node is closing; nothing of this event was kept.",
    advice: "Connect again once the node is up.",
  },
  "events.offset": {
    status: 404,
    meaning: "The topic's log has no event at this offset, or no longer keeps its content.",
    advice: "Ask for an offset below the size that the topic's checkpoint names.",
  },
  "events.slow-reader": {
    status: 503,
    meaning: "The reader takes less than is sent to it, for longer than the node waits.",
    advice: "Read faster or subscribe to less; a persistent session or the topic's log still holds what was missed.",
  },
  "events.too-many": {
    status: 429,
    meaning: "Connections, subscriptions, sessions or retained messages reached their limit.",
    advice: "Close what is not needed, wait, and connect less often.",
  },
} as const satisfies ErrorTable;

export type EventErrorCode = keyof typeof EVENT_ERRORS;

export const eventError = errorsOf(EVENT_ERRORS);
