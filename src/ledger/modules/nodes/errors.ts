import type { ReceiptErrorTable } from "#protocol";
import { refusals } from "../../kernel/module.ts";

export const NODE_ERRORS = {
  "nodes.unknown": { number: 601, status: 404, meaning: "No such node.", advice: "`hansa node list` shows them." },
  "nodes.exists": {
    number: 602,
    status: 409,
    meaning: "The node, or the key with which it would vote, is on the ledger already.",
    advice: "Make new keys for the node; one that was retired comes back with both its old ones, by its own member.",
  },
  "nodes.bad-key": {
    number: 603,
    status: 400,
    meaning: "A node's keys are two different Ed25519 keys.",
    advice: "Use the two public keys that the node itself shows.",
  },
  "nodes.bad-proof": {
    number: 604,
    status: 400,
    meaning: "The voting key did not sign that it belongs to this node, of this member, in this group.",
    advice: "Let the node itself make the proof, for this group and this member.",
  },
  "nodes.too-many": {
    number: 605,
    status: 409,
    meaning: "A member has at most 8 nodes in a group.",
    advice: "Retire one first.",
  },
  "nodes.retired": {
    number: 606,
    status: 409,
    meaning: "The node was taken out.",
    advice: "Its member can register it again, with the same keys.",
  },
  "nodes.unchanged": {
    number: 607,
    status: 409,
    meaning: "The change would change nothing.",
    advice: "Nothing to do.",
  },
  "nodes.height": {
    number: 608,
    status: 409,
    meaning: "A node that has caught up names a height of the last 1000 blocks, and none that is still to come.",
    advice: "Let it catch up, then say so again.",
  },
  "nodes.not-ready": {
    number: 609,
    status: 409,
    meaning: "The node has not said within the last 1000 blocks that it has caught up.",
    advice: "The node says so itself once it has: wait for it, or look at its log.",
  },
  "nodes.not-validator": {
    number: 610,
    status: 409,
    meaning: "The node does not vote in consensus.",
    advice: "`hansa node list` shows who does.",
  },
  "nodes.no-consensus": {
    number: 611,
    status: 409,
    meaning: "Nobody votes under this group's engine.",
    advice: "Validators come and go only where the genesis names some.",
  },
  "nodes.too-many-validators": {
    number: 612,
    status: 409,
    meaning: "At most 100 nodes vote in a group.",
    advice: "Let another one go first.",
  },
  "nodes.no-quorum": {
    number: 613,
    status: 409,
    meaning:
      "Those validators of the new set that voted last would hold no more than two thirds of its power: no block would follow.",
    advice: "Bring the absent validators back, or let those go first; the payload names them.",
  },
  "nodes.still-voting": {
    number: 614,
    status: 409,
    meaning:
      "The next block is still the present validators' to decide, and they cannot do it without a node that would be cut off now.",
    advice: "Take the node's vote first (`removeValidator`), and cut it off in a later block.",
  },
  "nodes.member": {
    number: 615,
    status: 409,
    meaning: "The node's member is not active.",
    advice: "Admit or reinstate the member first.",
  },
  "nodes.stale": {
    number: 616,
    status: 409,
    meaning: "The last block is more than a minute old: which validators are there now nobody knows.",
    advice: "Send it again at once: the block of this refusal tells who is there.",
  },
} as const satisfies ReceiptErrorTable;

export const refuse = refusals(NODE_ERRORS);
