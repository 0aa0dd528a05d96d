import { type ErrorTable, errorsOf } from "#base";

/**
 * Why a linkage did not act. The codes stand in command receipts and in traces; those that are thrown answer what cannot get a
 * receipt, because nobody who may command signed it.
 */
export const LINKAGE_ERRORS = {
  // What the trigger's side notes in its trace.
  "linkage.condition": {
    status: 409,
    meaning: "The trigger fired while the linkage's condition was not met.",
    advice: "The run's trace shows each value that the condition looked at.",
  },
  "linkage.condition-unknown": {
    status: 409,
    meaning: "The condition needs a value that no admitted device has reported yet.",
    advice: "Let the device report, or check that it is admitted and that its events reach this node.",
  },
  "linkage.busy": {
    status: 409,
    meaning: "An earlier run still waits in a delay, and the linkage's mode does not allow another beside it.",
    advice: "Choose the mode restart, queued or parallel, or a shorter delay.",
  },
  "linkage.queue-full": {
    status: 429,
    meaning: "As many runs wait for their turn as a linkage may have waiting.",
    advice: "Shorten the delays or let the trigger fire less often.",
  },
  "linkage.restarted": {
    status: 409,
    meaning: "A later trigger started the run anew, as the mode restart says.",
    advice: "Nothing; the later run goes on.",
  },
  "linkage.rate": {
    status: 429,
    meaning: "The linkage ran as often within a minute as its contract allows.",
    advice: "Wait, or propose a contract with a higher perMinute.",
  },
  "linkage.hops": {
    status: 409,
    meaning: "More linkages stand behind one another in the chain of causes than the contract allows.",
    advice: "Look for a loop with the analysis; raise limits.hops only for a chain that ends.",
  },
  "linkage.self-loop": {
    status: 409,
    meaning: "The linkage's own command caused the event that would fire it.",
    advice: "Let its actions and its trigger speak of different properties.",
  },
  "linkage.event-stale": {
    status: 409,
    meaning: "The event was too old when it was evaluated, as after a long stop of the node.",
    advice: "Nothing; the next event counts again.",
  },
  "linkage.outbox-full": {
    status: 503,
    meaning: "As many commands wait for an answer as this node keeps waiting.",
    advice: "Check that the target's node is reachable.",
  },
  "linkage.no-answer": {
    status: 504,
    meaning: "No receipt came before the command expired.",
    advice: "Check that the target's node is reachable; whether it acted, its own receipts say.",
  },
  // What either side finds on its replica.
  "linkage.unknown": {
    status: 404,
    meaning: "No linkage has this id.",
    advice: "Check the id and the group.",
  },
  "linkage.not-active": {
    status: 409,
    meaning: "The linkage is proposed, suspended, withdrawn or ended.",
    advice: "Look its status up; only the parties can make it active.",
  },
  "linkage.version": {
    status: 409,
    meaning: "The command names another version of the linkage than the target's replica has.",
    advice: "Wait until both nodes have the newest block; the next trigger names the new version.",
  },
  "linkage.not-valid": {
    status: 409,
    meaning: "The time is outside of the contract's `from` and `until`.",
    advice: "Propose a contract for the time that is wanted; check the clocks.",
  },
  "linkage.device-not-admitted": {
    status: 403,
    meaning:
      "The trigger's or the target's device is not admitted: revoked, quarantined, recalled, expired or unknown.",
    advice: "Look the device up; admit it again.",
  },
  "linkage.not-operator": {
    status: 403,
    meaning: "The device is not operated by the member that sends or takes the command.",
    advice: "Send from the operator of the trigger's device to the operator of the target.",
  },
  // What the target's side says of a command.
  "linkage.malformed": {
    status: 400,
    meaning: "The text is not a command.",
    advice: "Send a token of the type hansa-command+jwt that fits its schema.",
  },
  "linkage.unauthenticated": {
    status: 401,
    meaning: "The command is not signed by a key of the active member that it names as its issuer.",
    advice: "Sign with a key of `iss` that the ledger knows; check that the member is active.",
  },
  "linkage.audience": {
    status: 400,
    meaning: "The command is for another group.",
    advice: "Set `aud` to the id of the group in which the linkage stands.",
  },
  "linkage.expired": {
    status: 409,
    meaning: "The command has expired.",
    advice: "Nothing; an expired command is never carried out. Check the clocks.",
  },
  "linkage.lifetime": {
    status: 400,
    meaning: "The command is dated ahead, or lives longer than the target allows.",
    advice: "Give a command a life of seconds; check the clocks.",
  },
  "linkage.step": {
    status: 409,
    meaning: "The command is not what the contract says for this step.",
    advice: "Device, action and value must be those of the contract, word for word.",
  },
  "linkage.evidence": {
    status: 409,
    meaning: "The command's id does not follow from its linkage, event and step.",
    advice: "Derive `jti` from linkage, topic, offset and step as the protocol says.",
  },
  "linkage.target-full": {
    status: 503,
    meaning: "The target remembers as many commands as it can; it takes no more until some have expired.",
    advice: "Try again after a minute.",
  },
  "linkage.interrupted": {
    status: 500,
    meaning: "The node stopped between starting the action and hearing of its end. It is not tried a second time.",
    advice: "Look at the device; whether it acted is not known.",
  },
  "linkage.device-timeout": {
    status: 504,
    meaning: "The device did not answer in time.",
    advice: "Check that the device is connected.",
  },
  "linkage.device-error": {
    status: 502,
    meaning: "The way to the device failed.",
    advice: "See the bridge's log.",
  },
  "linkage.receipt": {
    status: 502,
    meaning: "What came back is not a receipt for this command, signed by the target's operator.",
    advice: "Check the target's node.",
  },
  "linkage.stopped": {
    status: 503,
    meaning: "The node is stopping.",
    advice: "Try again when it is up.",
  },
  "linkage.batch": {
    status: 500,
    meaning: "The stored receipts of a batch do not give its root.",
    advice: "Restore the node's store from a backup.",
  },
} as const satisfies ErrorTable;

export type LinkageErrorCode = keyof typeof LINKAGE_ERRORS;

export const linkageError = errorsOf(LINKAGE_ERRORS);
