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
  "engine.rpc-unreachable": {
    status: 503,
    meaning: "The engine's process does not answer.",
    advice: "It is started anew by itself; look at the node's log where it stays so.",
  },
  "engine.rpc-refused": {
    status: 502,
    meaning: "The engine's process refused a call, or answered what is no answer.",
    advice: "See the payload; `engine.rpc-refused` for a height means that it does not have it, or no longer.",
  },
  "engine.wrong-chain": {
    status: 500,
    meaning: "The engine's process and the ledger do not belong together, or one of them was exchanged or reset alone.",
    advice: "Restore both from one backup, or wipe both and let the node catch up from the others.",
  },
  "engine.wrong-key": {
    status: 500,
    meaning: "The node's engine key is not the one that the genesis names.",
    advice: "Start the node with the key file that the group was founded with.",
  },
  "engine.peer-unreachable": {
    status: 503,
    meaning: "Another member's node could not be reached, or did not answer in time.",
    advice: "Check that it runs, and that the address it registered is reachable from here; then try again.",
  },
  "engine.peer-refused": {
    status: 502,
    meaning: "Another member's node refused a connection or a message, or is not who the ledger says it is.",
    advice: "The payload's `reason` tells why: look at both nodes' membership, group and clock.",
  },
  "engine.peer-port": {
    status: 500,
    meaning: "The port for other members' nodes could not be opened.",
    advice: "Choose another port or stop the program that holds it.",
  },
  "engine.missing": {
    status: 503,
    meaning: "No `cometbft` program that fits was found.",
    advice: "Run `hansa engine install`, or name one with HANSA_COMETBFT.",
  },
  "engine.install-failed": {
    status: 500,
    meaning: "The `cometbft` program could not be built or put in its place.",
    advice: "See what the message says; `hansa engine install --from` takes a downloaded archive instead.",
  },
  "engine.archive-refused": {
    status: 422,
    meaning: "An archive is not the one that its digest names, or holds no `cometbft` program that fits.",
    advice: "Download it again, and take its digest from the checksum file of the release.",
  },
  "engine.process-failed": {
    status: 503,
    meaning: "The engine's process could not be prepared or started.",
    advice: "See what the message says: the program, its folder and its rights.",
  },
  "engine.vote-state-damaged": {
    status: 500,
    meaning: "What this node signed last in consensus cannot be read. It signs nothing, since it could sign twice.",
    advice:
      "Move `consensus.db` of the group away where others vote, too: the node leaves out one height and votes again. See docs/guide/engine.md.",
  },
  "engine.snapshot-malformed": {
    status: 422,
    meaning: "What a peer offered as a snapshot of the ledger is none.",
    advice: "Nothing: it was refused, and another peer is asked.",
  },
  "engine.snapshot-too-large": {
    status: 500,
    meaning: "The state is larger than a snapshot can be, 64 GiB.",
    advice: "Fresh nodes catch up block by block: keep all blocks (`retainBlocks`).",
  },
  "engine.no-validator-path": {
    status: 503,
    meaning: "No member's node had the changes of the validators since the genesis in a form that holds.",
    advice:
      "Nothing while others are away: the node asks again. Until then its proofs lack their way from the genesis.",
  },
} as const satisfies ErrorTable;

export const engineError = errorsOf(ENGINE_ERRORS);
