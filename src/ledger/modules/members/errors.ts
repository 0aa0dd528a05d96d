import type { ReceiptErrorTable } from "#protocol";
import { refusals } from "../../kernel/module.ts";

export const MEMBER_ERRORS = {
  "members.unknown": {
    number: 101,
    status: 404,
    meaning: "No such member.",
    advice: "`hansa member list` shows them.",
  },
  "members.exists": {
    number: 102,
    status: 409,
    meaning: "The organisation is a member already.",
    advice: "Propose `roles` or `reinstate` instead.",
  },
  "members.state": {
    number: 103,
    status: 409,
    meaning: "The member's status does not allow this change.",
    advice: "Look at the member's status.",
  },
  "members.unknown-identity": {
    number: 104,
    status: 404,
    meaning: "The DID is not on this ledger, or is deactivated.",
    advice: "Create the DID first; a member can sponsor it.",
  },
  "members.unknown-proposal": {
    number: 105,
    status: 404,
    meaning: "No such proposal.",
    advice: "`hansa member proposals` lists them.",
  },
  "members.proposal-closed": {
    number: 106,
    status: 409,
    meaning: "The proposal is no longer open.",
    advice: "Propose anew.",
  },
  "members.proposal-expired": {
    number: 107,
    status: 409,
    meaning: "The proposal's time is over.",
    advice: "Propose anew.",
  },
  "members.last-quorum": {
    number: 108,
    status: 409,
    meaning: "The change would leave too few members to decide anything.",
    advice: "Admit others first, or lower `leastMembers` by vote.",
  },
  "members.not-proposer": {
    number: 109,
    status: 403,
    meaning: "Only the proposer can withdraw a proposal.",
    advice: "Reject it instead.",
  },
  "members.bad-quorum": {
    number: 110,
    status: 400,
    meaning: "A quorum is no share: its numerator exceeds its denominator.",
    advice: "Choose a share of at most 1.",
  },
} as const satisfies ReceiptErrorTable;

export const refuse = refusals(MEMBER_ERRORS);
