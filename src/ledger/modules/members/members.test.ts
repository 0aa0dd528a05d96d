import { describe, expect, it } from "vitest";
import type { MemberChange, Parameters } from "#protocol";
import { Alliance, actor, lab, maker, members, north, south, stranger } from "../../alliance.suite.ts";
import type { ReceiptErrorCode } from "../../index.ts";
import { MEMBER_ERRORS } from "./errors.ts";
import { votesNeeded } from "./handlers.ts";

const anna = actor("anna");

function propose(alliance: Alliance, change: MemberChange, by = north): number {
  const receipt = alliance.ok(by, "members.propose", { change });
  return receipt.facts[0]?.data["proposal"] as number;
}

const stateOf = (alliance: Alliance, did: string) =>
  alliance.ledger.query("members.get", { member: did }) as { status: string; roles: string[] };
const proposalOf = (alliance: Alliance, proposal: number) =>
  alliance.ledger.query("members.proposal", { proposal }) as { status: string; approvals: string[] };

const suspend = (member: { did: string }): MemberChange => ({ kind: "suspend", member: member.did });

describe("membership by vote", () => {
  it("admits at the quorum of its kind, and not before", () => {
    const alliance = new Alliance();
    alliance.introduce(anna);
    const roles: MemberChange = { kind: "roles", member: south.did, roles: ["lab", "platform"] };
    const one = propose(alliance, { kind: "admit", member: anna.did, name: "Anna", roles: ["platform"] });
    const two = propose(alliance, roles);
    expect([proposalOf(alliance, one).status, proposalOf(alliance, two).status]).toEqual(["open", "open"]);
    // Half of four for an admission, two thirds for roles.
    alliance.ok(south, "members.approve", { proposal: two });
    alliance.ok(south, "members.approve", { proposal: one });
    expect(stateOf(alliance, anna.did)).toMatchObject({ status: "active", roles: ["platform"], name: "Anna" });
    expect(stateOf(alliance, south.did).roles).toEqual(["platform"]);
    // The new member votes from now on: two thirds of five are four.
    alliance.ok(maker, "members.approve", { proposal: two });
    expect(proposalOf(alliance, two).status).toBe("open");
    alliance.ok(anna, "members.approve", { proposal: two });
    expect(stateOf(alliance, south.did).roles).toEqual(["lab", "platform"]);
    expect(proposalOf(alliance, two).status).toBe("accepted");
  });

  it("counts each member once, lets it change its mind, and ends where the quorum is out of reach", () => {
    const alliance = new Alliance();
    const proposal = propose(alliance, suspend(lab));
    alliance.ok(north, "members.approve", { proposal });
    expect(proposalOf(alliance, proposal)).toMatchObject({ status: "open", approvals: [north.did] });
    alliance.ok(south, "members.approve", { proposal });
    alliance.ok(south, "members.reject", { proposal });
    expect(proposalOf(alliance, proposal)).toMatchObject({ approvals: [north.did], rejections: [south.did] });
    const last = alliance.ok(lab, "members.reject", { proposal });
    expect(last.facts.map(({ fact }) => fact)).toEqual(["members.rejected", "members.refused"]);
    alliance.refused("members.proposal-closed", maker, "members.approve", { proposal });
  });

  it("suspends, reinstates and removes; who is not active neither votes nor acts", () => {
    const alliance = new Alliance();
    const proposal = propose(alliance, suspend(lab));
    alliance.ok(south, "members.approve", { proposal });
    alliance.ok(maker, "members.approve", { proposal });
    expect(stateOf(alliance, lab.did).status).toBe("suspended");
    alliance.refused("kernel.forbidden", lab, "members.propose", { change: suspend(north) });
    // Not even what any DID may do for itself.
    const service = { id: "web", type: "Web", endpoint: "https://lab.example" };
    alliance.refused("kernel.forbidden", lab, "identity.setService", { did: lab.did, service });
    const back = propose(alliance, { kind: "reinstate", member: lab.did });
    alliance.ok(south, "members.approve", { proposal: back });
    expect(stateOf(alliance, lab.did).status).toBe("active");
    const away = propose(alliance, { kind: "remove", member: lab.did });
    for (const voter of [south, maker]) alliance.ok(voter, "members.approve", { proposal: away });
    expect(stateOf(alliance, lab.did).status).toBe("removed");
    const again = propose(alliance, { kind: "admit", member: lab.did, name: "Lab", roles: ["lab"] });
    alliance.ok(south, "members.approve", { proposal: again });
    expect(stateOf(alliance, lab.did)).toMatchObject({ status: "active", roles: ["lab"] });
  });

  it("does not count the votes of those who were suspended meanwhile", () => {
    const alliance = new Alliance();
    const roles = propose(alliance, { kind: "roles", member: north.did, roles: ["maker"] }, lab);
    const away = propose(alliance, suspend(lab));
    for (const voter of [south, maker]) alliance.ok(voter, "members.approve", { proposal: away });
    alliance.ok(south, "members.approve", { proposal: roles });
    expect(proposalOf(alliance, roles)).toMatchObject({ status: "open", approvals: [lab.did, south.did] });
    alliance.ok(maker, "members.approve", { proposal: roles });
    expect(stateOf(alliance, north.did).roles).toEqual(["maker"]);
  });

  it("changes its own rules by vote", () => {
    const alliance = new Alliance();
    const parameters: Parameters = { ...alliance.genesis.parameters, windowSeconds: 20 };
    const proposal = propose(alliance, { kind: "parameters", parameters });
    for (const voter of [south, maker]) alliance.ok(voter, "members.approve", { proposal });
    expect(alliance.ledger.query("members.parameters", {})).toEqual(parameters);
    const late = alliance.sign([north], [{ op: "topics.close", args: { topic: "a" } }], { exp: alliance.seconds + 60 });
    expect(alliance.block(late)[0]?.error?.code).toBe("transaction.too-far-ahead");
  });

  it("lets a proposal expire by block time", () => {
    const alliance = new Alliance(undefined, { proposalSeconds: 60 });
    const proposal = propose(alliance, suspend(lab));
    alliance.pass(58);
    alliance.ok(south, "members.approve", { proposal });
    alliance.refused("members.proposal-expired", maker, "members.approve", { proposal });
    alliance.refused("members.proposal-expired", north, "members.withdraw", { proposal });
    expect(proposalOf(alliance, proposal).status).toBe("expired");
    expect(stateOf(alliance, lab.did).status).toBe("active");
  });

  it("lets the proposer, and nobody else, withdraw", () => {
    const alliance = new Alliance();
    const proposal = propose(alliance, suspend(lab));
    alliance.refused("members.not-proposer", south, "members.withdraw", { proposal });
    alliance.ok(north, "members.withdraw", { proposal });
    alliance.refused("members.proposal-closed", south, "members.approve", { proposal });
    expect(proposalOf(alliance, proposal).status).toBe("withdrawn");
  });

  it("checks a change again when it takes effect", () => {
    const alliance = new Alliance(undefined, { leastMembers: 3 });
    const first = propose(alliance, suspend(lab));
    const second = propose(alliance, suspend(maker));
    alliance.ok(south, "members.approve", { proposal: first });
    alliance.ok(south, "members.approve", { proposal: second });
    alliance.ok(maker, "members.approve", { proposal: first });
    expect(stateOf(alliance, lab.did).status).toBe("suspended");
    alliance.refused("members.last-quorum", maker, "members.approve", { proposal: second });
  });
});

describe("the last quorum", () => {
  it("cannot vote itself away, whatever the rules say", () => {
    const alliance = new Alliance(undefined, { leastMembers: 1 });
    const standing = [...members];
    while (standing.length > 1) {
      const victim = standing.pop() as (typeof members)[0];
      const proposal = propose(alliance, { kind: "remove", member: victim.did }, standing[0]);
      for (const voter of [...standing.slice(1), victim])
        if (proposalOf(alliance, proposal).status === "open") alliance.ok(voter, "members.approve", { proposal });
    }
    alliance.refused("members.last-quorum", north, "members.propose", { change: suspend(north) });
    alliance.refused("members.last-quorum", north, "members.propose", {
      change: { kind: "remove", member: north.did },
    });
    alliance.refused("members.last-quorum", north, "members.propose", {
      change: { kind: "parameters", parameters: { ...alliance.genesis.parameters, leastMembers: 2 } },
    });
  });

  it("cannot be undone by members that give up the keys with which they vote", () => {
    const alliance = new Alliance();
    alliance.refused("identity.active-member", lab, "identity.deactivate", { did: lab.did });
  });
});

describe("membership refuses", () => {
  const alliance = new Alliance();
  const { parameters } = alliance.genesis;
  alliance.introduce(anna);
  const away = propose(alliance, suspend(lab));
  for (const voter of [south, maker]) alliance.ok(voter, "members.approve", { proposal: away });
  const bad = { ...parameters, quorums: { ...parameters.quorums, admit: { numerator: 5, denominator: 4 } } };

  it.each<[ReceiptErrorCode, MemberChange]>([
    ["members.exists", { kind: "admit", member: south.did, name: "South", roles: ["lab"] }],
    ["members.exists", { kind: "admit", member: lab.did, name: "Lab", roles: ["lab"] }],
    ["members.unknown-identity", { kind: "admit", member: stranger.did, name: "Stranger", roles: ["lab"] }],
    ["members.unknown", { kind: "suspend", member: anna.did }],
    ["members.unknown", { kind: "roles", member: stranger.did, roles: ["lab"] }],
    ["members.state", { kind: "suspend", member: lab.did }],
    ["members.state", { kind: "reinstate", member: south.did }],
    ["members.bad-quorum", { kind: "parameters", parameters: bad }],
    ["members.last-quorum", { kind: "parameters", parameters: { ...parameters, leastMembers: 4 } }],
  ])("%s: %j", (code, change) => {
    alliance.refused(code, north, "members.propose", { change });
  });

  it("votes on what was never proposed", () => {
    for (const op of ["members.approve", "members.reject", "members.withdraw"] as const)
      alliance.refused("members.unknown-proposal", north, op, { proposal: 999 });
  });

  it("anybody who is no member", () => {
    alliance.refused("kernel.forbidden", anna, "members.propose", { change: suspend(north) });
    alliance.refused("kernel.forbidden", anna, "members.approve", { proposal: away });
    alliance.refused("transaction.unknown-key", stranger, "members.propose", { change: suspend(north) });
  });
});

describe("votesNeeded", () => {
  it("is the smallest whole number that is at least the share", () => {
    const { parameters } = new Alliance().genesis;
    for (let numerator = 1; numerator <= 7; numerator++)
      for (let denominator = numerator; denominator <= 7; denominator++)
        for (let active = 1; active <= 12; active++) {
          const quorums = { ...parameters.quorums, admit: { numerator, denominator } };
          const needed = votesNeeded({ ...parameters, quorums }, "admit", active);
          expect(needed * denominator >= numerator * active).toBe(true);
          expect((needed - 1) * denominator < numerator * active).toBe(true);
        }
  });
});

it("numbers of the module lie in its hundred, each once", () => {
  const numbers = Object.values(MEMBER_ERRORS).map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.every((number) => number > 100 && number < 200)).toBe(true);
});
