import { describe, expect, it } from "vitest";
import { encodeBase64Url } from "#base";
import {
  cometAddress,
  type MemberChange,
  type NodeRecord,
  nodeProofInput,
  type Receipt,
  type ValidatorsRecord,
} from "#protocol";
import {
  type Actor,
  Alliance,
  actor,
  cometEngine,
  lab,
  maker,
  members,
  type NodeOf,
  nodeOf,
  north,
  south,
  stranger,
} from "../../alliance.suite.ts";
import {
  admittedNode,
  Ledger,
  MemoryStore,
  mayRead,
  nodeOfVoter,
  nodesOfMember,
  type ReceiptErrorCode,
  readNode,
  replayBlocks,
  VALIDATORS_KEY,
} from "../../index.ts";
import { NODE_ERRORS } from "./errors.ts";

const [n1, s1, m1, l1] = members.map((member) => nodeOf(member)) as [NodeOf, NodeOf, NodeOf, NodeOf];
const n2 = nodeOf(north, "second");
const anna = actor("anna");

/** Four members, a validator each. */
const comet = (engine = cometEngine(), parameters = {}) => new Alliance(undefined, parameters, engine);
const recordOf = ({ ledger }: Alliance, { id }: NodeOf) => ledger.query("nodes.get", { node: id }) as NodeRecord;
const powers = ({ ledger }: Alliance) =>
  new Map(
    (ledger.query("nodes.validators", {}) as ValidatorsRecord).validators.map(({ node, power }) => [node, power]),
  );
const factsOf = ({ facts }: Receipt) => facts.map(({ fact }) => fact);

/** Proposes and approves until the change is made; the answer is the receipt of the last vote. */
function vote(alliance: Alliance, change: MemberChange, voters: readonly Actor[]): Receipt {
  const [proposer, ...others] = voters as [Actor, ...Actor[]];
  let receipt = alliance.ok(proposer, "members.propose", { change });
  const proposal = receipt.facts[0]?.data["proposal"] as number;
  for (const voter of others) receipt = alliance.ok(voter, "members.approve", { proposal });
  const { status } = alliance.ledger.query("members.proposal", { proposal }) as { status: string };
  expect(status).toBe("accepted");
  return receipt;
}

const add = ({ id: node }: NodeOf, power = 1): MemberChange => ({ kind: "addValidator", node, power });
const drop = ({ id: node }: NodeOf): MemberChange => ({ kind: "removeValidator", node });
const three = [north, south, maker];

describe("a genesis that names validators", () => {
  it("makes their nodes' records, and the set in order of node", () => {
    const alliance = comet(cometEngine(undefined, ({ id }) => (id === l1.id ? 3 : 2)));
    expect(recordOf(alliance, l1)).toEqual({
      node: l1.id,
      member: lab.did,
      nodeKey: l1.peer.multikey,
      key: l1.voter.multikey,
      address: "first.lab.example:7422",
      endpoint: null,
      power: 3,
      ready: 0,
      status: "registered",
      misbehaviour: [],
      since: alliance.genesis.time,
    });
    const nodes = [n1, s1, m1, l1].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(alliance.ledger.state.get(VALIDATORS_KEY)).toEqual({
      validators: nodes.map((node) => ({ node: node.id, key: node.voter.multikey, power: node === l1 ? 3 : 2 })),
    });
    expect(nodesOfMember(alliance.ledger.state, north.did).map(({ node }) => node)).toEqual([n1.id]);
    const address = cometAddress({ algorithm: "Ed25519", bytes: n1.voter.signer.publicKey });
    expect(nodeOfVoter(alliance.ledger.state, address)).toBe(n1.id);
  });

  it("gives the same root whatever the order in which it names them", () => {
    const { engine } = comet().genesis;
    if (engine.kind !== "cometbft") expect.unreachable();
    const turned = comet({ ...engine, validators: [...engine.validators].reverse() });
    expect(turned.ledger.head?.header.state).toBe(comet().ledger.head?.header.state);
  });

  it("leaves no trace where it names none", () => {
    const solo = new Alliance();
    expect([...solo.dump().keys()].filter((key) => key.startsWith("node"))).toEqual([]);
    expect(solo.ledger.query("nodes.validators", {})).toEqual({ validators: [] });
  });
});

describe("nodes", () => {
  it("are registered with a proof of their voting key, moved, and found with their member", () => {
    const alliance = comet();
    const endpoint = "https://second.north.example:7420";
    const receipt = alliance.ok(north, "nodes.register", alliance.registration(n2, { endpoint }));
    expect(receipt.facts).toEqual([
      {
        fact: "nodes.registered",
        about: [`node/${n2.id}`, north.did],
        data: { address: n2.address, endpoint },
      },
    ]);
    expect(recordOf(alliance, n2)).toMatchObject({ power: 0, ready: null, status: "registered", endpoint });
    expect(nodesOfMember(alliance.ledger.state, north.did)).toHaveLength(2);
    alliance.ok(north, "nodes.update", { node: n2.id, address: "[2001:db8::7]:65535" });
    expect(recordOf(alliance, n2)).toMatchObject({ address: "[2001:db8::7]:65535", endpoint });
    alliance.refused("nodes.unchanged", north, "nodes.update", { node: n2.id, endpoint });
    alliance.ok(north, "nodes.update", { node: n2.id, endpoint: null });
    expect(recordOf(alliance, n2).endpoint).toBeNull();
    const { items } = alliance.ledger.query("nodes.list", {}) as { items: NodeRecord[] };
    expect(items.map(({ node }) => node)).toEqual([n1, s1, m1, l1, n2].map(({ id }) => id).sort());
  });

  it("are refused with keys or proofs that are not theirs", () => {
    const alliance = comet();
    const other = nodeOf(south, "second");
    const proofOf = (signer: Actor, group: string, member: Actor, node: Actor) =>
      encodeBase64Url(signer.signer.sign(nodeProofInput(group, member.did, node.multikey)));
    const { group } = alliance;
    const bad: [ReceiptErrorCode, Parameters<Alliance["registration"]>[1]][] = [
      ["nodes.bad-key", { node: lab.multikey }],
      ["nodes.bad-key", { key: lab.multikey }],
      ["nodes.bad-key", { key: `z${"1".repeat(46)}` }],
      ["nodes.bad-key", { key: n2.peer.multikey }],
      ["nodes.bad-proof", { proof: proofOf(n2.peer, group, north, n2.peer) }],
      ["nodes.bad-proof", { proof: proofOf(n2.voter, "hanse:main:other", north, n2.peer) }],
      ["nodes.bad-proof", { proof: proofOf(n2.voter, group, south, n2.peer) }],
      ["nodes.bad-proof", { proof: proofOf(n2.voter, group, north, other.peer) }],
      ["nodes.exists", { node: s1.peer.multikey }],
      ["nodes.exists", { key: s1.voter.multikey }],
      ["nodes.exists", { node: s1.voter.multikey }],
      ["nodes.exists", { key: s1.peer.multikey }],
      ["transaction.operation-arguments", { address: "second.north.example:65536" }],
      ["transaction.operation-arguments", { address: "second.north.example:0" }],
      ["transaction.operation-arguments", { proof: "A".repeat(85) }],
    ];
    for (const [code, changes] of bad)
      alliance.refused(code, north, "nodes.register", alliance.registration(n2, changes));
    alliance.introduce(anna);
    for (const nobody of [anna, stranger])
      alliance.refused(
        nobody === anna ? "kernel.forbidden" : "transaction.unknown-key",
        nobody,
        "nodes.register",
        alliance.registration(nodeOf(nobody)),
      );
    alliance.register(n2);
    alliance.refused("nodes.exists", north, "nodes.register", alliance.registration(n2));
    for (const op of ["nodes.update", "nodes.ready", "nodes.retire"] as const) {
      const args = { node: n2.id, height: 1, address: "a.example:1" };
      const fitting = { node: args.node, ...(op === "nodes.ready" ? { height: 1 } : {}) };
      const given = op === "nodes.update" ? { node: args.node, address: args.address } : fitting;
      alliance.refused("kernel.forbidden", south, op, given as never);
      alliance.refused("nodes.unknown", north, op, { ...given, node: "0".repeat(40) } as never);
    }
  });

  it("are at most eight of a member, those that it retired not counted", () => {
    const alliance = comet();
    const more = Array.from({ length: 8 }, (_, i) => nodeOf(north, `extra ${i}`));
    alliance.register(...more.slice(0, 7));
    const last = more[7] as NodeOf;
    alliance.refused("nodes.too-many", north, "nodes.register", alliance.registration(last));
    alliance.ok(north, "nodes.retire", { node: (more[0] as NodeOf).id });
    alliance.register(last);
    alliance.refused("nodes.too-many", north, "nodes.register", alliance.registration(more[0] as NodeOf));
    // Another member's are its own.
    alliance.register(nodeOf(south, "second"));
  });

  it("come back after retirement for the same member with the same keys alone, and keep what they were caught at", () => {
    const alliance = comet();
    alliance.register(n2);
    alliance.misbehaviour = [{ kind: "duplicate-vote", validator: n2.id, block: 7 }];
    alliance.block();
    alliance.misbehaviour = [];
    expect(alliance.ok(north, "nodes.retire", { node: n2.id }).facts).toEqual([
      { fact: "nodes.retired", about: [`node/${n2.id}`, north.did], data: {} },
    ]);
    expect(recordOf(alliance, n2)).toMatchObject({ status: "retired", ready: null });
    expect(nodesOfMember(alliance.ledger.state, north.did).map(({ node }) => node)).toEqual([n1.id]);
    for (const op of ["nodes.retire", "nodes.update", "nodes.ready"] as const)
      alliance.refused("nodes.retired", north, op, {
        node: n2.id,
        ...(op === "nodes.ready" ? { height: 1 } : {}),
      } as never);
    alliance.refused("nodes.retired", north, "members.propose", { change: add(n2) });
    const rekeyed = { ...n2, voter: actor("another voter") };
    alliance.refused("nodes.exists", north, "nodes.register", alliance.registration(rekeyed));
    alliance.refused("nodes.exists", south, "nodes.register", alliance.registration({ ...n2, owner: south }));
    // Nor does another node get its key, though it votes no more.
    const heir = { ...nodeOf(north, "heir"), voter: n2.voter };
    alliance.refused("nodes.exists", north, "nodes.register", alliance.registration(heir));
    alliance.register(n2);
    expect(recordOf(alliance, n2)).toMatchObject({ status: "registered", ready: null, misbehaviour: [{ block: 7 }] });
  });

  it("say that they have caught up with the last thousand blocks, and with none to come", () => {
    const alliance = comet();
    alliance.register(n2);
    for (let i = 0; i < 1003; i++) alliance.block();
    const next = alliance.ledger.height + 1;
    alliance.refused("nodes.height", north, "nodes.ready", { node: n2.id, height: next + 1 });
    alliance.refused("nodes.height", north, "nodes.ready", { node: n2.id, height: next + 1 - 1001 });
    const oldest = next + 2 - 1000;
    const receipt = alliance.ok(north, "nodes.ready", { node: n2.id, height: oldest });
    expect(receipt.facts).toEqual([
      { fact: "nodes.ready", about: [`node/${n2.id}`, north.did], data: { height: oldest } },
    ]);
    // One block more, and the word is too old.
    alliance.refused("nodes.not-ready", north, "members.propose", { change: add(n2) });
    alliance.ok(north, "nodes.ready", { node: n2.id, height: alliance.ledger.height + 1 });
    expect(recordOf(alliance, n2).ready).toBe(alliance.ledger.height);
  });
});

describe("validators", () => {
  it("come by vote once they have caught up, and tell consensus in the block that changes them", () => {
    const alliance = comet();
    alliance.register(n2);
    alliance.refused("nodes.not-ready", north, "members.propose", { change: add(n2, 5) });
    alliance.ready(n2);
    const before = alliance.ledger.height;
    const proposal = alliance.ok(north, "members.propose", { change: add(n2, 5) });
    expect(proposal.facts[0]?.about).toEqual([north.did, "proposal/1", `node/${n2.id}`]);
    expect(alliance.ledger.validatorChanges(before)).toEqual([]);
    alliance.ok(south, "members.approve", { proposal: 1 });
    const bytes = alliance.sign([maker], [{ op: "members.approve", args: { proposal: 1 } }]);
    const execution = alliance.execute(bytes);
    expect(execution.validators?.validators).toContainEqual({ node: n2.id, key: n2.voter.multikey, power: 5 });
    const [receipt] = alliance.commit(execution) as [Receipt];
    expect(factsOf(receipt)).toEqual(["members.approved", "nodes.validatorsChanged", "members.changed"]);
    expect(receipt.facts[1]).toMatchObject({
      about: [`node/${n2.id}`, north.did],
      data: { changes: [{ node: n2.id, power: 5 }], validators: 5, power: 9 },
    });
    expect(receipt.facts[2]?.about).toEqual(["proposal/1", `node/${n2.id}`, north.did]);
    const changes = alliance.ledger.validatorChanges(before);
    expect(changes).toEqual([{ height: alliance.ledger.height, validators: execution.validators }]);
    expect(recordOf(alliance, n2).power).toBe(5);
    expect(alliance.execute().validators).toBeUndefined();
  });

  it("are checked again when the vote is over: a node's word grows old, a node retires, a member goes", () => {
    const alliance = comet();
    alliance.register(n2);
    alliance.ready(n2);
    alliance.ok(south, "members.propose", { change: add(n2) });
    alliance.ok(maker, "members.approve", { proposal: 1 });
    for (let i = 0; i < 1000; i++) alliance.block();
    alliance.refused("nodes.not-ready", lab, "members.approve", { proposal: 1 });
    alliance.ready(n2);
    const suspend: MemberChange = { kind: "suspend", member: north.did };
    vote(alliance, suspend, [south, maker, lab]);
    alliance.refused("nodes.member", lab, "members.approve", { proposal: 1 });
    vote(alliance, { kind: "reinstate", member: north.did }, [south, maker]);
    alliance.ok(north, "nodes.retire", { node: n2.id });
    alliance.refused("nodes.retired", lab, "members.approve", { proposal: 1 });
    expect(powers(alliance).size).toBe(3);
  });

  it("are decided by their own quorum where the rules have one, and else by that for parameters", () => {
    const { quorums } = comet().genesis.parameters;
    const one = { ...quorums, validators: { numerator: 1, denominator: 4 } };
    const alliance = comet(cometEngine(), { quorums: one });
    alliance.register(n2);
    alliance.ready(n2);
    vote(alliance, add(n2), [maker]);
    vote(alliance, drop(l1), [maker]);
    expect([...powers(alliance).keys()].sort()).toEqual([n1, s1, m1, n2].map(({ id }) => id).sort());
    const bad = { ...alliance.genesis.parameters, quorums: { ...one, validators: { numerator: 2, denominator: 1 } } };
    alliance.refused("members.bad-quorum", north, "members.propose", {
      change: { kind: "parameters", parameters: bad },
    });
    const all = comet(cometEngine(), { quorums: { ...quorums, parameters: { numerator: 1, denominator: 1 } } });
    all.ok(north, "members.propose", { change: drop(l1) });
    all.ok(south, "members.approve", { proposal: 1 });
    all.ok(maker, "members.approve", { proposal: 1 });
    expect(powers(all).size).toBe(4);
    all.ok(lab, "members.approve", { proposal: 1 });
    expect(powers(all).size).toBe(3);
  });

  it("say anew that they have caught up when they are to vote again: what they said before they lost the vote is of then", () => {
    const alliance = comet();
    vote(alliance, drop(l1), [north, south, maker]);
    expect(recordOf(alliance, l1)).toMatchObject({ power: 0, ready: null, status: "registered" });
    alliance.refused("nodes.not-ready", north, "members.propose", { change: add(l1) });
    alliance.ready(l1);
    vote(alliance, add(l1), [north, south, maker]);
    vote(alliance, { kind: "suspend", member: lab.did }, [north, south, maker]);
    vote(alliance, { kind: "reinstate", member: lab.did }, [north, south]);
    alliance.refused("nodes.not-ready", north, "members.propose", { change: add(l1) });
  });

  it("get another power by vote, without saying anew that they have caught up", () => {
    const alliance = comet();
    for (let i = 0; i < 1001; i++) alliance.block();
    alliance.refused("nodes.unchanged", north, "members.propose", { change: add(s1, 1) });
    vote(alliance, add(s1, 2), three);
    expect(powers(alliance).get(s1.id)).toBe(2);
    expect(powers(alliance).size).toBe(4);
  });

  it("are known nodes, that vote where they go", () => {
    const alliance = comet();
    const unknown = { ...n2, id: "0".repeat(40) };
    alliance.refused("nodes.unknown", north, "members.propose", { change: add(unknown) });
    alliance.refused("nodes.unknown", north, "members.propose", { change: drop(unknown) });
    alliance.register(n2);
    alliance.refused("nodes.not-validator", north, "members.propose", { change: drop(n2) });
    const solo = new Alliance();
    solo.register(n2);
    solo.ready(n2);
    solo.refused("nodes.no-consensus", north, "members.propose", { change: add(n2) });
    solo.ok(north, "nodes.retire", { node: n2.id });
  });

  it("are a hundred at most", () => {
    const crowd = Array.from({ length: 99 }, (_, i) => nodeOf(members[i % 4] as Actor, `crowd ${i}`));
    const alliance = comet(cometEngine([n1, ...crowd]));
    expect(powers(alliance).size).toBe(100);
    const late = nodeOf(actor("anna"), "late");
    alliance.introduce(anna);
    vote(alliance, { kind: "admit", member: anna.did, name: "Anna", roles: ["platform"] }, [north, south]);
    alliance.register(late);
    alliance.ready(late);
    alliance.refused("nodes.too-many-validators", north, "members.propose", { change: add(late) });
  });
});

describe("a member that is suspended or removed", () => {
  it.each(["suspend", "remove"] as const)("%s: its nodes vote no more, and peers refuse them", (kind) => {
    const alliance = comet();
    alliance.register(nodeOf(lab, "second"));
    const { state } = alliance.ledger;
    expect(admittedNode(state, l1.id)?.member).toBe(lab.did);
    const receipt = vote(alliance, { kind, member: lab.did }, three);
    expect(factsOf(receipt)).toEqual(["members.approved", "nodes.validatorsChanged", "members.changed"]);
    expect([...powers(alliance).keys()].sort()).toEqual([n1, s1, m1].map(({ id }) => id).sort());
    expect(recordOf(alliance, l1)).toMatchObject({ power: 0, status: "registered" });
    for (const node of [l1, nodeOf(lab, "second")]) expect(admittedNode(state, node.id)).toBeUndefined();
    alliance.refused("kernel.forbidden", lab, "nodes.ready", { node: l1.id, height: 1 });
    // Back again it is let in, and has to ask for its vote.
    const back: MemberChange =
      kind === "suspend"
        ? { kind: "reinstate", member: lab.did }
        : { kind: "admit", member: lab.did, name: "Lab", roles: ["lab"] };
    vote(alliance, back, [north, south]);
    expect(admittedNode(state, l1.id)?.power).toBe(0);
    expect(powers(alliance).size).toBe(3);
    alliance.ready(l1);
    vote(alliance, add(l1), three);
    expect(powers(alliance).get(l1.id)).toBe(1);
  });

  it("changes nothing in consensus where none of its nodes votes, and is not held back by who is absent", () => {
    const alliance = comet(cometEngine([n1, s1, m1]));
    alliance.absent = [s1.id];
    const receipt = vote(alliance, { kind: "suspend", member: lab.did }, three);
    expect(factsOf(receipt)).toEqual(["members.approved", "members.changed"]);
  });

  it("has no admitted node that it retired, and no stranger has one", () => {
    const alliance = comet();
    alliance.register(n2);
    expect(admittedNode(alliance.ledger.state, n2.id)?.address).toBe(n2.address);
    alliance.ok(north, "nodes.retire", { node: n2.id });
    expect(admittedNode(alliance.ledger.state, n2.id)).toBeUndefined();
    expect(admittedNode(alliance.ledger.state, "0".repeat(40))).toBeUndefined();
  });
});

describe("no change leaves consensus without a quorum that is there", () => {
  const refusalOf = (receipt: Receipt) => receipt.error?.payload as { live: number; total: number; absent: string[] };

  it("neither by vote, nor by leave, nor by suspension", () => {
    const alliance = comet();
    alliance.absent = [s1.id];
    const suspend: MemberChange = { kind: "suspend", member: lab.did };
    for (const change of [drop(l1), suspend, { ...suspend, kind: "remove" } as MemberChange]) {
      const receipt = alliance.refused("nodes.no-quorum", north, "members.propose", { change });
      expect(refusalOf(receipt)).toEqual({ live: 2, total: 3, absent: [s1.id] });
    }
    expect(refusalOf(alliance.refused("nodes.no-quorum", maker, "nodes.retire", { node: m1.id })).live).toBe(2);
    // The one that is away may go.
    vote(alliance, drop(s1), [north, maker, lab]);
    expect(powers(alliance).size).toBe(3);
    alliance.absent = [];
    vote(alliance, drop(l1), three);
    vote(alliance, drop(m1), three);
    vote(alliance, add(n1, 9), three);
    // Never an empty set.
    expect(refusalOf(alliance.refused("nodes.no-quorum", south, "members.propose", { change: drop(n1) }))).toEqual({
      live: 0,
      total: 0,
      absent: [],
    });
    alliance.refused("nodes.no-quorum", north, "nodes.retire", { node: n1.id });
  });

  it("looks again when the vote is over", () => {
    const alliance = comet();
    alliance.ok(north, "members.propose", { change: drop(l1) });
    alliance.ok(maker, "members.approve", { proposal: 1 });
    alliance.absent = [s1.id];
    alliance.refused("nodes.no-quorum", lab, "members.approve", { proposal: 1 });
    alliance.absent = [];
    alliance.ok(lab, "members.approve", { proposal: 1 });
    expect(powers(alliance).size).toBe(3);
  });

  it("counts power, not nodes: more than two thirds, and two thirds are not enough", () => {
    const weighed = (n: number) => comet(cometEngine(undefined, ({ id }) => (id === n1.id ? n : 1)));
    for (const [power, code] of [
      [4, "nodes.no-quorum"],
      [5, undefined],
    ] as const) {
      // Without the lab: power + 2 in all, of which south's 1 and the maker's 1 are absent.
      const alliance = weighed(power);
      alliance.absent = [s1.id, m1.id];
      const receipt = alliance.do(north, "members.propose", { change: drop(l1) });
      expect(receipt.error?.code).toBe(code);
    }
    const newcomer = comet();
    newcomer.register(n2);
    newcomer.ready(n2);
    newcomer.absent = [s1.id];
    // Who comes is there: 3 of 4 live become 5 of 6, 3 + p of 4 + p.
    vote(newcomer, add(n2, 2), [north, maker, lab]);
    // Who is away and gets more power than the others bear does not.
    expect(refusalOf(newcomer.refused("nodes.no-quorum", north, "members.propose", { change: add(s1, 3) }))).toEqual({
      live: 5,
      total: 8,
      absent: [s1.id],
    });
  });

  it("adds up what happens in one block", () => {
    const alliance = comet();
    const retire = (node: NodeOf) => alliance.sign([node.owner], [{ op: "nodes.retire", args: { node: node.id } }]);
    const receipts = alliance.block(retire(n1), retire(s1), retire(m1));
    expect(receipts.map(({ error }) => error?.code)).toEqual([undefined, "nodes.still-voting", "nodes.still-voting"]);
    expect(powers(alliance).size).toBe(3);
  });

  it("cuts no node off that the next block cannot do without, not even one whose vote went in the same block", () => {
    const { quorums } = comet().genesis.parameters;
    const one = { numerator: 1, denominator: 4 };
    const parameters = { quorums: { ...quorums, validators: one, suspend: one } };
    const alliance = comet(cometEngine([n1, s1, m1]), parameters);
    const suspend: MemberChange = { kind: "suspend", member: maker.did };
    // Two of three decide nothing, and the next block is still the three's.
    const receipt = alliance.refused("nodes.still-voting", north, "members.propose", { change: suspend });
    expect(refusalOf(receipt)).toEqual({ live: 2, total: 3, absent: [] });
    const proposals = [drop(m1), suspend].map((change) =>
      alliance.sign([north], [{ op: "members.propose", args: { change: change as never } }]),
    );
    expect(alliance.block(...proposals).map(({ error }) => error?.code)).toEqual([undefined, "nodes.still-voting"]);
    // A block later the two decide alone.
    vote(alliance, suspend, [north]);
    expect([...powers(alliance).keys()].sort()).toEqual([n1.id, s1.id].sort());
  });

  it("wants a block of the last minute that says who is there, and the refusal itself makes one", () => {
    const alliance = comet();
    alliance.ok(north, "members.propose", { change: drop(l1) });
    alliance.ok(south, "members.approve", { proposal: 1 });
    alliance.pass(60);
    alliance.refused("nodes.stale", maker, "members.approve", { proposal: 1 });
    alliance.ok(maker, "members.approve", { proposal: 1 });
    alliance.pass(3600);
    alliance.refused("nodes.stale", maker, "nodes.retire", { node: m1.id });
    // What does not touch consensus does not wait.
    alliance.pass(3600);
    alliance.ok(lab, "nodes.retire", { node: l1.id });
    alliance.pass(59);
    const big = vote(alliance, add(n1, 2), three);
    expect(factsOf(big)).toContain("nodes.validatorsChanged");
  });
});

describe("what consensus says beside the transactions", () => {
  const faulty = () => {
    const alliance = comet();
    alliance.register(n2);
    alliance.absent = [s1.id];
    alliance.misbehaviour = [
      { kind: "duplicate-vote", validator: l1.id, block: 12 },
      { kind: "light-client-attack", validator: "f".repeat(40), block: 13 },
    ];
    alliance.block();
    alliance.absent = [];
    alliance.misbehaviour = [];
    alliance.ready(n2);
    vote(alliance, add(n2), three);
    alliance.absent = [l1.id, s1.id].sort();
    alliance.refused("nodes.no-quorum", north, "nodes.retire", { node: n1.id });
    alliance.absent = [];
    vote(alliance, { kind: "suspend", member: lab.did }, three);
    return alliance;
  };
  const blocksOf = ({ ledger }: Alliance) =>
    Array.from(
      { length: ledger.height + 1 },
      (_, height) => ledger.block(height) as NonNullable<ReturnType<Ledger["block"]>>,
    );

  it("stands in the header where there is something, and faults with the node, the last sixteen", () => {
    const alliance = faulty();
    const header = alliance.ledger.block(2)?.header;
    expect(header).toMatchObject({ absent: [s1.id], misbehaviour: [{ block: 12 }, { block: 13 }] });
    expect(Object.keys(alliance.ledger.block(3)?.header ?? {})).not.toContain("absent");
    expect(Object.keys(alliance.ledger.block(3)?.header ?? {})).not.toContain("misbehaviour");
    const { time } = header as { time: number };
    expect(recordOf(alliance, l1).misbehaviour).toEqual([{ kind: "duplicate-vote", block: 12, height: 2, at: time }]);
    for (let block = 20; block < 40; block++) {
      alliance.misbehaviour = [{ kind: "duplicate-vote", validator: l1.id, block }];
      alliance.block();
    }
    expect(recordOf(alliance, l1).misbehaviour.map(({ block }) => block)).toEqual(
      Array.from({ length: 16 }, (_, i) => 24 + i),
    );
  });

  it("gives the same roots on another ledger, and a replay finds a header that says otherwise", () => {
    const alliance = faulty();
    const twin = comet();
    twin.follow(alliance);
    expect(twin.ledger.head).toEqual(alliance.ledger.head);
    const blocks = blocksOf(alliance);
    const steps = [...replayBlocks(alliance.genesis, blocks)];
    expect(steps).toHaveLength(blocks.length);
    expect(steps.filter(({ differs }) => differs !== undefined)).toEqual([]);
    const refusal = blocks.findIndex(({ header }) => header.absent?.length === 2);
    const altered = (height: number, changes: object) =>
      [
        ...replayBlocks(
          alliance.genesis,
          blocks.map((block) =>
            block.header.height === height ? { ...block, header: { ...block.header, ...changes } } : block,
          ),
        ),
      ].at(-1);
    // Nobody absent, and the retirement would have gone through.
    expect(altered(refusal, { absent: undefined })).toMatchObject({ height: refusal, differs: "receipts" });
    expect(altered(2, { misbehaviour: undefined })).toMatchObject({ height: 2, differs: "state" });
    expect(altered(3, { absent: [] })).toMatchObject({ height: 3, differs: "absent" });
  });

  it("is the same after a snapshot, and from there on", () => {
    const alliance = faulty();
    const { ledger, genesis } = alliance;
    const restored = new Ledger(genesis, new MemoryStore());
    const signed = ledger.head as NonNullable<typeof ledger.head>;
    restored.restore(signed, [...ledger.snapshot().records]);
    expect(restored.headHash).toBe(ledger.headHash);
    expect(restored.query("nodes.validators", {})).toEqual(ledger.query("nodes.validators", {}));
    const block = {
      height: ledger.height + 1,
      time: alliance.time + 1000,
      transactions: [alliance.sign([north], [{ op: "nodes.retire", args: { node: n2.id } }])],
      absent: [l1.id],
    };
    const [one, two] = [ledger.execute(block), restored.execute(block)];
    expect(two.header).toEqual(one.header);
    expect(two.validators).toEqual(one.validators);
    expect(one.validators?.validators.map(({ node }) => node)).toEqual([n1, s1, m1].map(({ id }) => id).sort());
    const codeOf = (run: () => void) => {
      try {
        run();
      } catch (error) {
        return (error as { code: string }).code;
      }
      return "accepted";
    };
    const again = () => restored.restore(signed, []);
    expect(codeOf(again)).toBe("ledger.not-empty");
    const short = [...ledger.snapshot().records].slice(0, -1);
    expect(codeOf(() => new Ledger(genesis, new MemoryStore()).restore(signed, short))).toBe("ledger.root-mismatch");
  });

  it("is vouched for later: the votes take the place of the unfinished certificate, in the store and at the head", () => {
    const store = new MemoryStore();
    const alliance = new Alliance(store, {}, cometEngine());
    alliance.block();
    alliance.block();
    const { ledger } = alliance;
    const certificate = (block: number) => ({ engine: "cometbft" as const, block, header: { marker: block } as never });
    expect(ledger.head?.certificate).toEqual({ engine: "cometbft", block: 2 });
    const before = ledger.headHash;
    ledger.certify(1, certificate(10));
    expect(ledger.head?.certificate).toEqual({ engine: "cometbft", block: 2 });
    ledger.certify(2, certificate(11));
    expect(ledger.head?.certificate).toEqual(certificate(11));
    expect(ledger.block(1)?.certificate).toEqual(certificate(10));
    expect(ledger.headHash).toBe(before);
    expect(() => ledger.certify(3, certificate(12))).toThrow(expect.objectContaining({ code: "query.height" }));
    expect(new Ledger(alliance.genesis, store).head).toEqual(ledger.head);
    expect(ledger.prove(VALIDATORS_KEY).signed.certificate).toEqual(certificate(11));
  });
});

describe("mayRead", () => {
  it("is everybody's where the rules do not say otherwise", () => {
    for (const alliance of [new Alliance(), new Alliance(undefined, { reads: "anyone" })])
      expect(mayRead(alliance.ledger.state, stranger.did)).toBe(true);
  });

  it("is the parties' where they do: live DIDs, active members, devices of active platforms", () => {
    const alliance = new Alliance(undefined, { reads: "parties" });
    const [lamp, owner] = [actor("lamp", "P-256"), actor("owner")];
    const may = (...whom: Actor[]) => whom.map(({ did }) => mayRead(alliance.ledger.state, did));
    expect(may(north, lamp, owner, stranger)).toEqual([true, false, false, false]);
    alliance.introduce(lamp, owner);
    alliance.defineModel();
    alliance.enrol(lamp, owner, south);
    expect(may(lamp, owner)).toEqual([true, true]);
    alliance.admit(lamp, south);
    alliance.ok(south, "devices.quarantine", { device: lamp.did, reason: "x" });
    expect(may(lamp, owner)).toEqual([false, true]);
    alliance.ok(south, "devices.release", { device: lamp.did });
    expect(may(lamp, south)).toEqual([true, true]);
    const suspend: MemberChange = { kind: "suspend", member: south.did };
    vote(alliance, suspend, [north, maker, lab]);
    expect(may(lamp, south, owner)).toEqual([false, false, true]);
    vote(alliance, { kind: "reinstate", member: south.did }, [north, maker]);
    expect(may(lamp, south)).toEqual([true, true]);
    alliance.ok(south, "devices.revoke", { device: lamp.did, reason: "x" });
    alliance.ok(owner, "identity.deactivate", { did: owner.did });
    expect(may(lamp, owner)).toEqual([false, false]);
  });
});

it("readNode answers nothing for an id that is none", () => {
  expect(readNode(comet().ledger.state, "")).toBeUndefined();
});

it("numbers of the module lie in its hundred, each once", () => {
  const numbers = Object.values(NODE_ERRORS).map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.every((number) => number > 600 && number < 700)).toBe(true);
});
