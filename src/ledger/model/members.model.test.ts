import fc from "fast-check";
import { it } from "vitest";
import type { MemberChange, MemberRecord, ProposalRecord } from "#protocol";
import { type Actor, actor, lab, maker, members, north, south, stranger } from "../alliance.suite.ts";
import { holdAgainstModel, type Model, type Step } from "./model.suite.ts";

const anna = actor("anna");
const PROPOSAL_SECONDS = 60;
const QUORUMS = {
  admit: [1, 2],
  roles: [2, 3],
  suspend: [1, 2],
  reinstate: [2, 3],
  remove: [3, 4],
  parameters: [1, 1],
} as const;

interface Ballot {
  change: MemberChange;
  by: string;
  yes: string[];
  no: string[];
  ends: number;
  status: string;
}

class MembersModel implements Model {
  standing = new Map<string, string>(members.map(({ did }) => [did, "active"]));
  roles = new Map<string, string[]>([
    [north.did, ["platform"]],
    [south.did, ["platform"]],
    [maker.did, ["maker"]],
    [lab.did, ["lab", "regulator"]],
  ]);
  ballots: Ballot[] = [];

  apply({ signers, operation: { op, args } }: Step, time: number): string | 0 {
    const [voter] = signers as [Actor];
    if (voter === stranger) return "transaction.unknown-key";
    if (this.standing.get(voter.did) !== "active") return "kernel.forbidden";
    if (op === "members.propose") {
      const change = args["change"] as unknown as MemberChange;
      const wrong = this.wrong(change);
      if (wrong !== undefined) return wrong;
      const ends = time + PROPOSAL_SECONDS * 1000;
      const ballot = { change, by: voter.did, yes: [voter.did], no: [], ends, status: "open" };
      const refused = this.count(ballot);
      if (refused !== undefined) return refused;
      this.ballots.push(ballot);
      return 0;
    }
    const number = args["proposal"] as number;
    const ballot = this.ballots[number - 1];
    if (ballot === undefined) return "members.unknown-proposal";
    if (ballot.status !== "open") return "members.proposal-closed";
    if (time >= ballot.ends) return "members.proposal-expired";
    if (op === "members.withdraw") {
      if (ballot.by !== voter.did) return "members.not-proposer";
      ballot.status = "withdrawn";
      return 0;
    }
    const next = {
      ...ballot,
      yes: ballot.yes.filter((did) => did !== voter.did),
      no: ballot.no.filter((did) => did !== voter.did),
    };
    (op === "members.approve" ? next.yes : next.no).push(voter.did);
    const refused = this.count(next);
    if (refused !== undefined) return refused;
    this.ballots[number - 1] = next;
    return 0;
  }

  private active(): string[] {
    return [...this.standing].filter(([, status]) => status === "active").map(([did]) => did);
  }

  private wrong(change: MemberChange): string | undefined {
    if (change.kind === "parameters") return undefined;
    // One key orders this group's blocks: nobody votes in consensus.
    if (change.kind === "addValidator") return "nodes.no-consensus";
    if (change.kind === "removeValidator") return "nodes.unknown";
    // A model of their own knows issuers.
    if ("issuer" in change) return undefined;
    const status = this.standing.get(change.member);
    if (change.kind === "admit") return status === "active" || status === "suspended" ? "members.exists" : undefined;
    if (status === undefined) return "members.unknown";
    if (status === "removed") return "members.state";
    if (change.kind === "suspend" && status !== "active") return "members.state";
    if (change.kind === "reinstate" && status !== "suspended") return "members.state";
    // Three members must always remain.
    if ((change.kind === "suspend" || change.kind === "remove") && status === "active" && this.active().length <= 3)
      return "members.last-quorum";
    return undefined;
  }

  private count(ballot: Ballot): string | undefined {
    const active = this.active();
    const { kind } = ballot.change;
    const [share, of] = kind in QUORUMS ? QUORUMS[kind as keyof typeof QUORUMS] : [1, 1];
    let needed = 0;
    while (needed * of < share * active.length) needed++;
    const yes = ballot.yes.filter((did) => active.includes(did)).length;
    const no = ballot.no.filter((did) => active.includes(did)).length;
    if (yes >= needed) {
      const wrong = this.wrong(ballot.change);
      if (wrong !== undefined) return wrong;
      this.enact(ballot.change);
      ballot.status = "accepted";
    } else if (active.length - no < needed) ballot.status = "refused";
    return undefined;
  }

  private enact(change: MemberChange): void {
    if (!("member" in change)) return;
    if (change.kind === "admit" || change.kind === "roles") this.roles.set(change.member, [...change.roles].sort());
    if (change.kind === "suspend") this.standing.set(change.member, "suspended");
    if (change.kind === "remove") this.standing.set(change.member, "removed");
    if (change.kind === "admit" || change.kind === "reinstate") this.standing.set(change.member, "active");
  }

  expected() {
    return {
      members: [...this.standing].sort().map(([did, status]) => [did, status, this.roles.get(did)]),
      proposals: this.ballots.map(({ status, yes, no, by }) => [status, [...yes].sort(), [...no].sort(), by]),
      roll: this.active().sort(),
    };
  }
}

const quorums = Object.fromEntries(
  Object.entries(QUORUMS).map(([kind, [numerator, denominator]]) => [kind, { numerator, denominator }]),
) as never;

it("members behave as the model of votes does", () => {
  const who = fc.constantFrom(...members, ...members, anna, stranger);
  const target = fc.constantFrom(...members, anna).map(({ did }) => did);
  const roles = fc.uniqueArray(fc.constantFrom("platform" as const, "maker" as const, "lab" as const), {
    minLength: 1,
    maxLength: 2,
  });
  const change: fc.Arbitrary<MemberChange> = fc.oneof(
    fc.record({ kind: fc.constant("admit" as const), member: target, name: fc.constant("N"), roles }),
    fc.record({ kind: fc.constant("roles" as const), member: target, roles }),
    fc.record({ kind: fc.constantFrom("suspend" as const, "suspend" as const), member: target }),
    fc.record({ kind: fc.constantFrom("reinstate" as const), member: target }),
    fc.record({ kind: fc.constantFrom("remove" as const), member: target }),
    fc.record({ kind: fc.constant("addValidator" as const), node: fc.constant("a".repeat(40)), power: fc.constant(1) }),
    fc.record({ kind: fc.constant("removeValidator" as const), node: fc.constant("a".repeat(40)) }),
  );
  const vote = fc.record({ proposal: fc.integer({ min: 1, max: 6 }) });
  holdAgainstModel({
    parameters: { proposalSeconds: PROPOSAL_SECONDS, leastMembers: 3, quorums },
    prepare: (alliance) => alliance.introduce(anna),
    model: () => new MembersModel(),
    read: ({ ledger }) => {
      const list = (prefix: string) => [...ledger.state.keys(prefix)].map((key) => ledger.state.get(key));
      return {
        members: (list("member/") as MemberRecord[]).map(({ did, status, roles: own }) => [did, status, own]),
        proposals: (list("proposal/") as ProposalRecord[]).map(({ status, approvals, rejections, proposer }) => [
          status,
          [...approvals].sort(),
          [...rejections].sort(),
          proposer,
        ]),
        roll: ledger.state.get<{ active: string[] }>("members/roll")?.active,
      };
    },
    step: () =>
      fc.oneof(
        fc.record({ who, change }).map(({ who: by, change: what }) => ({
          signers: [by],
          operation: { op: "members.propose", args: { change: what as never } },
        })),
        fc
          .record({
            who,
            vote,
            op: fc.constantFrom(
              "members.approve",
              "members.approve",
              "members.approve",
              "members.reject",
              "members.withdraw",
            ),
          })
          .map(({ who: by, vote: args, op }) => ({ signers: [by], operation: { op, args } })),
      ),
    runs: 200,
    reaches: [
      "members.exists",
      "members.unknown",
      "members.state",
      "members.last-quorum",
      "members.unknown-proposal",
      "members.proposal-closed",
      "members.proposal-expired",
      "members.not-proposer",
      "kernel.forbidden",
      "transaction.unknown-key",
    ],
  });
}, 120_000);
