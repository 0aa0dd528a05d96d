import type { MemberChange, MemberRecord, Parameters, ProposalRecord } from "#protocol";
import { type Context, forbidden, type Handlers } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { MembersNeeds } from "./needs.ts";
import {
  isActiveMember,
  memberKey,
  PARAMETERS_KEY,
  proposalKey,
  ROLL_KEY,
  readMember,
  readParameters,
  readProposal,
  readRoll,
} from "./records.ts";

/** Votes that a change wants: the smallest whole number that is at least the share of the active members. */
export function votesNeeded(parameters: Parameters, kind: MemberChange["kind"], active: number): number {
  const { numerator, denominator } = quorumOf(parameters, kind);
  // ceil(n·a / d) in integers.
  const product = numerator * active;
  const whole = (product - (product % denominator)) / denominator;
  return product % denominator === 0 ? whole : whole + 1;
}

function quorumOf({ quorums }: Parameters, kind: MemberChange["kind"]) {
  if (kind === "addValidator" || kind === "removeValidator") return quorums.validators ?? quorums.parameters;
  if (kind === "recogniseIssuer" || kind === "derecogniseIssuer") return quorums.issuers ?? quorums.parameters;
  return quorums[kind];
}

/** Makes handlers over what membership needs of other modules. */
export function memberHandlers(needs: MembersNeeds): Handlers<"members"> {
  function requireVoter(context: Context): string {
    if (!isActiveMember(context.state, context.issuer)) throw forbidden("an active member of the group");
    return context.issuer;
  }

  function requireOpen(context: Context, number: number): ProposalRecord {
    const proposal = readProposal(context.state, number);
    if (proposal === undefined)
      throw refuse("members.unknown-proposal", `there is no proposal ${number}`, { proposal: number });
    if (proposal.status !== "open")
      throw refuse("members.proposal-closed", `proposal ${number} is ${proposal.status}`, { status: proposal.status });
    if (context.time >= proposal.expires)
      throw refuse("members.proposal-expired", `proposal ${number} has expired`, { expires: proposal.expires });
    return proposal;
  }

  /** Whom a change is about, as facts name them. */
  function subjectsOf({ state }: Context, change: MemberChange): readonly string[] {
    if ("member" in change) return [change.member];
    if ("issuer" in change) return [`issuer/${change.type}/${change.issuer}`, change.issuer];
    if (!("node" in change)) return [];
    const member = needs.memberOfNode(state, change.node);
    return [`node/${change.node}`, ...(member === undefined ? [] : [member])];
  }

  /** Whether a change makes sense now: checked when proposed, and again when it takes effect. */
  function checkChange(context: Context, change: MemberChange): void {
    if (change.kind === "parameters") {
      for (const [kind, quorum] of Object.entries(change.parameters.quorums))
        if (quorum.numerator > quorum.denominator)
          throw refuse("members.bad-quorum", `the quorum for ${kind} exceeds all members`, { kind });
      if (change.parameters.leastMembers > readRoll(context.state).active.length)
        throw refuse("members.last-quorum", "there are fewer members than `leastMembers` would want", {
          leastMembers: change.parameters.leastMembers,
        });
      return;
    }
    if (change.kind === "addValidator" || change.kind === "removeValidator") {
      needs.validators.check(context, change);
      return;
    }
    if (change.kind === "recogniseIssuer" || change.kind === "derecogniseIssuer") {
      needs.issuers.check(context, change);
      return;
    }
    const member = readMember(context.state, change.member);
    if (change.kind === "admit") {
      if (member !== undefined && member.status !== "removed")
        throw refuse("members.exists", `${change.member} is a member already`, { member: change.member });
      if (!needs.isLiveIdentity(context.state, change.member))
        throw refuse("members.unknown-identity", `${change.member} has no identity on this ledger`, {
          member: change.member,
        });
      return;
    }
    if (member === undefined)
      throw refuse("members.unknown", `${change.member} is not a member`, { member: change.member });
    const allowed = {
      roles: ["active", "suspended"],
      suspend: ["active"],
      reinstate: ["suspended"],
      remove: ["active", "suspended"],
    }[change.kind];
    if (!allowed.includes(member.status))
      throw refuse("members.state", `${change.member} is ${member.status}`, {
        member: change.member,
        status: member.status,
      });
    if (change.kind === "reinstate" && !needs.isLiveIdentity(context.state, change.member))
      throw refuse("members.unknown-identity", `the DID ${change.member} was deactivated`, { member: change.member });
    if ((change.kind === "suspend" || change.kind === "remove") && member.status === "active") {
      const left = readRoll(context.state).active.length - 1;
      const least = readParameters(context.state).leastMembers;
      if (left < least || left < 1)
        throw refuse("members.last-quorum", "too few members would remain", { remaining: left, least });
    }
    if (change.kind === "suspend" || change.kind === "remove")
      needs.validators.check(context, { kind: change.kind, member: change.member });
  }

  function apply(context: Context, change: MemberChange): void {
    const { state } = context;
    if (change.kind === "parameters") {
      state.put(PARAMETERS_KEY, change.parameters);
      return;
    }
    if (change.kind === "addValidator" || change.kind === "removeValidator") {
      needs.validators.apply(context, change);
      return;
    }
    if (change.kind === "recogniseIssuer" || change.kind === "derecogniseIssuer") {
      needs.issuers.apply(context, change);
      return;
    }
    // Its nodes' votes end with the member's own; a member that comes back asks for them anew.
    if (change.kind === "suspend" || change.kind === "remove")
      needs.validators.apply(context, { kind: change.kind, member: change.member });
    const before = readMember(state, change.member);
    const next: MemberRecord =
      change.kind === "admit"
        ? {
            did: change.member,
            name: change.name,
            roles: sortedRoles(change.roles),
            status: "active",
            since: context.time,
          }
        : {
            ...(before as MemberRecord),
            ...(change.kind === "roles" ? { roles: sortedRoles(change.roles) } : {}),
            ...(change.kind === "suspend" ? { status: "suspended" as const } : {}),
            ...(change.kind === "reinstate" ? { status: "active" as const } : {}),
            ...(change.kind === "remove" ? { status: "removed" as const } : {}),
          };
    state.put(memberKey(change.member), next);
    needs.issuers.noteStatus(context, change.member, next.status);
    const roll = readRoll(state);
    const others = roll.active.filter((did) => did !== change.member);
    state.put(ROLL_KEY, { ...roll, active: next.status === "active" ? [...others, change.member].sort() : others });
  }

  /** Only votes of those who are active now count. */
  function settle(context: Context, proposal: ProposalRecord): void {
    const { state } = context;
    const active = readRoll(state).active;
    const needed = votesNeeded(readParameters(state), proposal.change.kind, active.length);
    const approvals = proposal.approvals.filter((did) => active.includes(did)).length;
    const rejections = proposal.rejections.filter((did) => active.includes(did)).length;
    const about = [`proposal/${proposal.proposal}`, ...subjectsOf(context, proposal.change)];
    if (approvals >= needed) {
      checkChange(context, proposal.change);
      apply(context, proposal.change);
      state.put(proposalKey(proposal.proposal), { ...proposal, status: "accepted" });
      context.emit("members.changed", about, {
        proposal: proposal.proposal,
        kind: proposal.change.kind,
        approvals,
        needed,
      });
    } else if (active.length - rejections < needed) {
      // Those who have not rejected are too few to reach the quorum.
      state.put(proposalKey(proposal.proposal), { ...proposal, status: "refused" });
      context.emit("members.refused", about, { proposal: proposal.proposal, rejections, needed });
    } else {
      state.put(proposalKey(proposal.proposal), proposal);
    }
  }

  return {
    "members.propose"(context, { change, reason }) {
      const proposer = requireVoter(context);
      checkChange(context, change);
      const roll = readRoll(context.state);
      context.state.put(ROLL_KEY, { ...roll, next: roll.next + 1 });
      const proposal: ProposalRecord = {
        proposal: roll.next,
        change,
        ...(reason === undefined ? {} : { reason }),
        proposer,
        status: "open",
        approvals: [proposer],
        rejections: [],
        expires: context.time + readParameters(context.state).proposalSeconds * 1000,
      };
      const about = [proposer, `proposal/${roll.next}`, ...subjectsOf(context, change)];
      context.emit("members.proposed", about, { proposal: roll.next, kind: change.kind });
      settle(context, proposal);
    },

    "members.approve"(context, args) {
      const voter = requireVoter(context);
      const proposal = requireOpen(context, args.proposal);
      context.emit("members.approved", [voter, `proposal/${args.proposal}`], { proposal: args.proposal });
      settle(context, {
        ...proposal,
        approvals: [...proposal.approvals.filter((did) => did !== voter), voter],
        rejections: proposal.rejections.filter((did) => did !== voter),
      });
    },

    "members.reject"(context, args) {
      const voter = requireVoter(context);
      const proposal = requireOpen(context, args.proposal);
      context.emit("members.rejected", [voter, `proposal/${args.proposal}`], { proposal: args.proposal });
      settle(context, {
        ...proposal,
        approvals: proposal.approvals.filter((did) => did !== voter),
        rejections: [...proposal.rejections.filter((did) => did !== voter), voter],
      });
    },

    "members.withdraw"(context, args) {
      const voter = requireVoter(context);
      const proposal = requireOpen(context, args.proposal);
      if (proposal.proposer !== voter)
        throw refuse("members.not-proposer", "the proposal is another member's", { proposer: proposal.proposer });
      context.state.put(proposalKey(args.proposal), { ...proposal, status: "withdrawn" });
      context.emit("members.withdrawn", [voter, `proposal/${args.proposal}`], { proposal: args.proposal });
    },
  };
}

function sortedRoles(roles: MemberRecord["roles"]): MemberRecord["roles"] {
  return [...new Set(roles)].sort();
}
