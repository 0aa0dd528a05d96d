/** Groups that go on from another one: what their first block holds, and what is refused. */
import { describe, expect, it } from "vitest";
import { HansaError } from "#base";
import {
  checkGenesis,
  type Genesis,
  groupIdOf,
  type MemberChange,
  type MemberRecord,
  type NodeRecord,
  operation,
  type Predecessor,
} from "#protocol";
import {
  type Actor,
  ALLIANCE,
  Alliance,
  actor,
  BEGIN,
  cometEngine,
  engineKey,
  lab,
  maker,
  nodeOf,
  north,
  south,
} from "../alliance.suite.ts";
import { Ledger, MemoryStore, replayBlocks, type StoredRecord, wasRecognised } from "../index.ts";

const echo = actor("echo");
const NEW_NODES = [nodeOf(north, "second"), nodeOf(south, "second"), nodeOf(echo)];
const LATER = BEGIN + 86_400_000;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
  return "accepted";
}

/** A group with some past: members, nodes, a device, a topic, an open proposal, and transactions in its memory. */
function past(): Alliance {
  const alliance = new Alliance(new MemoryStore(), {}, cometEngine());
  alliance.introduce(actor("device"));
  alliance.defineModel();
  alliance.ok(north, "topics.open", { topic: "north/things", publish: [], subscribe: [] });
  alliance.ok(maker, "topics.open", { topic: "maker/things", publish: [], subscribe: [] });
  alliance.ok(north, "members.propose", { change: { kind: "suspend", member: lab.did } });
  return alliance;
}

function predecessorOf({ ledger }: Alliance): Predecessor {
  const header = ledger.head?.header;
  return { group: ledger.group.id, height: ledger.height, header: ledger.headHash, state: header?.state ?? "" };
}

function successorOf(
  before: Alliance,
  changes: Partial<Genesis> = {},
  founders: readonly Actor[] = [north, south, echo],
): Genesis {
  return checkGenesis({
    version: 1,
    alliance: ALLIANCE,
    group: "next",
    time: LATER,
    engine: cometEngine(NEW_NODES),
    members: founders.map(({ did, multikey, name }) => ({ did, name, roles: ["platform"], publicKey: multikey })),
    parameters: { ...before.genesis.parameters, windowSeconds: 99 },
    from: predecessorOf(before),
    ...changes,
  });
}

const recordsOf = (alliance: Alliance): readonly StoredRecord[] => [...alliance.store.leaves()];

function begin(genesis: Genesis, records: readonly StoredRecord[] | undefined): Ledger {
  const ledger = new Ledger(genesis, new MemoryStore(), records);
  ledger.commit(ledger.executeGenesis(), { engine: "cometbft", block: 0 });
  return ledger;
}

describe("a group that goes on from another one", () => {
  it("recognises founders as issuers as before, and others no more", () => {
    const before = past();
    const vote = (change: MemberChange, voters: readonly Actor[]) => {
      const { facts } = before.ok(north, "members.propose", { change });
      const proposal = facts[0]?.data["proposal"] as number;
      for (const voter of voters) before.ok(voter, "members.approve", { proposal });
    };
    for (const { did } of [south, maker, lab])
      vote({ kind: "recogniseIssuer", issuer: did, type: "Label" }, [south, maker]);
    vote({ kind: "suspend", member: lab.did }, [south, maker]);
    const { state } = begin(successorOf(before), recordsOf(before));
    const at = (did: string, time: number) => wasRecognised(state, did, "Label", time);
    expect([at(south.did, before.time), at(south.did, LATER)]).toEqual([true, true]);
    expect([at(maker.did, before.time), at(maker.did, LATER - 1), at(maker.did, LATER)]).toEqual([true, true, false]);
    expect([at(lab.did, before.time), at(lab.did, LATER)]).toEqual([false, false]);
    expect(state.get(`issuers/of/${maker.did}`)).toEqual({ issuer: maker.did, types: [], away: [] });
    expect(state.get(`issuers/of/${south.did}`)).toMatchObject({ types: ["Label"] });
  });

  it("begins with that one's records under new members, rules and nodes", () => {
    const before = past();
    const ledger = begin(successorOf(before), recordsOf(before));
    const { state } = ledger;
    const old = before.ledger.state;
    for (const key of old.keys(""))
      if (/^(identity|model|topic|root|level)\//.test(key)) expect(state.get(key), key).toEqual(old.get(key));
    const member = ({ did }: Actor) => state.get<MemberRecord>(`member/${did}`);
    expect([north, south, echo, maker, lab].map((one) => member(one)?.status)).toEqual([
      "active",
      "active",
      "active",
      "removed",
      "removed",
    ]);
    expect([member(north)?.since, member(echo)?.since]).toEqual([BEGIN, LATER]);
    expect(ledger.record("parameters")).toMatchObject({ windowSeconds: 99 });
    expect(ledger.record("members/roll")).toEqual({ active: [north.did, south.did, echo.did].sort(), next: 2 });
    expect(ledger.record("proposal/0000000001")).toMatchObject({ status: "expired" });
    const node = (id: string) => state.get<NodeRecord>(`node/${id}`);
    expect(node(nodeOf(north).id)).toMatchObject({ status: "retired", power: 0, ready: null });
    expect(node(nodeOf(north, "second").id)).toMatchObject({ status: "registered", power: 1 });
    expect(ledger.record(`nodes/of/${north.did}`)).toEqual({ nodes: [nodeOf(north, "second").id] });
    expect(ledger.record(`nodes/of/${maker.did}`)).toEqual({ nodes: [] });
    expect(ledger.validatorsAt(0).validators.map(({ node: id }) => id)).toEqual(NEW_NODES.map(({ id }) => id).sort());
  });

  it("forgets which transactions were executed, and none of them can be executed again", () => {
    const before = past();
    const bytes = before.sign([north], [operation("topics.open", { topic: "once", publish: [], subscribe: [] })]);
    before.block(bytes);
    const ledger = begin(successorOf(before), recordsOf(before));
    expect([...ledger.state.keys("kernel/")]).toEqual([]);
    expect(codeOf(() => ledger.check(bytes, LATER))).toBe("transaction.audience");
  });

  it("gives the same block everywhere, is replayed with the records, and restored without them", () => {
    const before = past();
    const genesis = successorOf(before);
    const records = recordsOf(before);
    const [one, two] = [begin(genesis, records), begin(genesis, records)];
    expect(one.head).toEqual(two.head);
    const blocks = [{ ...(one.head as NonNullable<typeof one.head>), transactions: [] }];
    expect([...replayBlocks(genesis, blocks, records)]).toEqual([
      { height: 0, stored: one.head?.header.state, computed: one.head?.header.state },
    ]);
    const fresh = new Ledger(genesis, new MemoryStore());
    fresh.restore(one.head as NonNullable<typeof one.head>, [...one.snapshot().records]);
    expect(fresh.head).toEqual(one.head);
    expect(codeOf(() => begin(genesis, undefined))).toBe("ledger.inheritance-missing");
  });

  it("begins with no other records than those that its genesis names", () => {
    const before = past();
    const genesis = successorOf(before);
    const records = recordsOf(before);
    const swapped = records.map((record, i) => (i === 3 ? { ...record, value: records[4]?.value ?? null } : record));
    expect(codeOf(() => begin(genesis, swapped))).toBe("ledger.root-mismatch");
    expect(codeOf(() => begin(genesis, records.slice(0, -1)))).toBe("ledger.root-mismatch");
    expect(codeOf(() => begin(genesis, [...records, ...records]))).toBe("ledger.root-mismatch");
    before.ok(north, "topics.open", { topic: "later", publish: [], subscribe: [] });
    expect(codeOf(() => begin(genesis, recordsOf(before)))).toBe("ledger.root-mismatch");
  });

  it("takes no founder under a key that it has replaced, and keeps the keys of one that has added some", () => {
    const before = past();
    before.ok(south, "identity.addKey", {
      did: south.did,
      publicKey: actor("south spare").multikey,
      relationships: ["authentication", "capabilityInvocation"],
    });
    const kept = begin(successorOf(before), recordsOf(before));
    expect(kept.record(`identity/${south.did}`)).toEqual(before.ledger.record(`identity/${south.did}`));
    before.ok(south, "identity.removeKey", { did: south.did, key: south.key });
    expect(codeOf(() => begin(successorOf(before), recordsOf(before)))).toBe("ledger.founder-key");
  });

  it("takes no node or voting key that was another's", () => {
    const before = past();
    const records = recordsOf(before);
    const stolen = { ...nodeOf(echo), voter: nodeOf(lab).voter };
    const attempt = (...nodes: ReturnType<typeof nodeOf>[]) =>
      codeOf(() => begin(successorOf(before, { engine: cometEngine(nodes) }), records));
    expect(attempt(stolen)).toBe("ledger.node-conflict");
    expect(attempt({ ...nodeOf(echo), peer: nodeOf(lab).peer, id: nodeOf(lab).id })).toBe("ledger.node-conflict");
    expect(attempt({ ...nodeOf(echo), peer: nodeOf(lab).voter })).toBe("ledger.node-conflict");
    expect(attempt({ ...nodeOf(echo), voter: nodeOf(lab).peer })).toBe("ledger.node-conflict");
    // The same node of the same member, with the same keys, goes on.
    expect(attempt(nodeOf(north), nodeOf(south), nodeOf(echo))).toBe("accepted");
  });

  it("may follow a group of one node, and be followed itself", () => {
    const before = new Alliance();
    before.ok(north, "topics.open", { topic: "kept", publish: [], subscribe: [] });
    const genesis = successorOf(before, { engine: { kind: "solo", key: engineKey.multikey } });
    const ledger = begin(genesis, recordsOf(before));
    expect(ledger.record("topic/kept")).toMatchObject({ operator: north.did });
    const from = {
      group: groupIdOf(genesis),
      height: 0,
      header: ledger.headHash,
      state: ledger.head?.header.state ?? "",
    };
    const third = begin(successorOf(before, { group: "third", time: LATER + 1, from }), [...ledger.snapshot().records]);
    expect(third.record("topic/kept")).toEqual(ledger.record("topic/kept"));
    expect(third.group.id).not.toBe(ledger.group.id);
  });
});

describe("a genesis", () => {
  it("goes on from a group of its own alliance, and has another id for another block", () => {
    const before = past();
    const genesis = successorOf(before);
    const from = genesis.from as Predecessor;
    const { from: _, ...without } = genesis;
    const ids = [genesis, without, { ...genesis, from: { ...from, height: from.height + 1 } }].map((one) =>
      groupIdOf(checkGenesis(one)),
    );
    expect(new Set(ids).size).toBe(3);
    const attempt = (changes: object) => codeOf(() => checkGenesis({ ...genesis, from: { ...from, ...changes } }));
    expect(attempt({ group: from.group.replace("hanse:", "other:") })).toBe("proof.malformed");
    expect(attempt({ height: -1 })).toBe("proof.malformed");
    expect(attempt({ state: "short" })).toBe("proof.malformed");
    expect(attempt({ more: 1 })).toBe("proof.malformed");
  });
});
