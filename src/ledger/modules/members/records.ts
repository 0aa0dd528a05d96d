import type { MemberRecord, Parameters, ProposalRecord, Role } from "#protocol";
import type { Reader } from "../../state/state.ts";

export const MEMBER_PREFIX = "member/";
export const PROPOSAL_PREFIX = "proposal/";
export const PARAMETERS_KEY = "parameters";
/** Who may vote, in order: kept beside the members so that counting a vote never walks the state. */
export const ROLL_KEY = "members/roll";

export interface Roll {
  readonly active: readonly string[];
  /** Number of the next proposal. */
  readonly next: number;
}

export function memberKey(did: string): string {
  return MEMBER_PREFIX + did;
}

/** Fixed width, so that keys sort as numbers do. */
export function proposalKey(proposal: number): string {
  return PROPOSAL_PREFIX + String(proposal).padStart(10, "0");
}

export function readMember(state: Reader, did: string): MemberRecord | undefined {
  return state.get<MemberRecord>(memberKey(did));
}

export function readProposal(state: Reader, proposal: number): ProposalRecord | undefined {
  return state.get<ProposalRecord>(proposalKey(proposal));
}

export function readParameters(state: Reader): Parameters {
  return state.get<Parameters>(PARAMETERS_KEY) as Parameters;
}

export function readRoll(state: Reader): Roll {
  return state.get<Roll>(ROLL_KEY) ?? { active: [], next: 1 };
}

/** Whether a DID is an active member, with this role where one is given. */
export function isActiveMember(state: Reader, did: string, role?: Role): boolean {
  const member = readMember(state, did);
  return member?.status === "active" && (role === undefined || member.roles.includes(role));
}
