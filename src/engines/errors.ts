import { type ErrorTable, errorsOf } from "#base";

export const ENGINE_ERRORS = {
  "engine.busy": {
    status: 503,
    meaning: "As many transactions wait as the engine takes.",
    advice: "Try again in a moment; the transaction was not taken.",
  },
  "engine.stopped": {
    status: 503,
    meaning: "The engine is stopping or not running.",
    advice: "Try again once the node is up; a resubmission is safe.",
  },
  "engine.commit-failed": {
    status: 503,
    meaning: "The block could not be stored; nothing of it took effect.",
    advice: "Look at the node's disk; a resubmission is safe.",
  },
  "engine.halted": {
    status: 500,
    meaning: "The engine stopped because executing a block failed in a way that must not happen.",
    advice: "Keep the data and report the log line; a restart tries again.",
  },
  "engine.unknown-height": {
    status: 404,
    meaning: "The engine has no block of this height, or none yet that a quorum vouched for.",
    advice: "Ask for a height up to that of `hansa status`.",
  },
  "engine.wrong-key": {
    status: 500,
    meaning: "The node's engine key is not the one that the genesis names.",
    advice: "Start the node with the key file that the group was founded with.",
  },
} as const satisfies ErrorTable;

export const engineError = errorsOf(ENGINE_ERRORS);
