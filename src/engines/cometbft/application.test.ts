import {
  CheckTxType,
  MisbehaviorType,
  RequestProcessProposal as ProcessProposal,
  type RequestFinalizeBlock,
  type RequestProcessProposal,
  ResponseProcessProposal_ProposalStatus as Status,
  type VoteInfo,
} from "cosmjs-types/tendermint/abci/types";
import { describe, expect, it } from "vitest";
import { decodeBase64Url, decodeHex, encodeUtf8, ManualClock } from "#base";
import { decodeMultikey, sha256, verifySignature } from "#crypto";
import { Ledger, MemoryStore, readValidators, type SignatureCheck } from "#ledger";
import { chainIdOf, cometAddress, operation } from "#protocol";
import {
  type Actor,
  Alliance,
  BEGIN,
  cometEngine,
  genesisOf,
  members,
  type NodeOf,
  nodeOf,
  north,
  south,
} from "../../ledger/alliance.suite.ts";
import { CometApplication, type CommittedBlock } from "./application.ts";
import { encodeBundle } from "./bundle.ts";
import { BundleCache } from "./bundle-cache.ts";
import { updateOf } from "./validator-set.ts";

const NODES = members.map((member) => nodeOf(member));
const GENESIS = genesisOf({}, cometEngine(NODES));
const VOTERS = GENESIS.engine.kind === "cometbft" ? GENESIS.engine.validators : [];

/** What CometBFT asks, of an application over a ledger of its own. */
class World {
  readonly clock = new ManualClock(BEGIN + 5000);
  readonly ledger: Ledger;
  readonly bundles = new BundleCache(1 << 20);
  readonly committed: CommittedBlock[] = [];
  readonly application: CometApplication;
  /** Signs only. */
  readonly signing = new Alliance(new MemoryStore(), {}, GENESIS.engine);
  /** Signatures that were verified for the application. */
  verified = 0;
  block = 0;
  #nonce = 0;

  readonly store = new MemoryStore();

  constructor() {
    this.signing.time = this.clock.now();
    this.ledger = new Ledger(GENESIS, this.store);
    this.application = new CometApplication({
      ledger: this.ledger,
      clock: this.clock,
      bundles: this.bundles,
      verify: async (checks: readonly SignatureCheck[]) => {
        this.verified += checks.length;
        return checks.every(({ key, input, signature }) => verifySignature(key, input, signature));
      },
      admits: (node) => node === NODES[0]?.id,
      retain: (block) => block - 1,
      committed: (block) => this.committed.push(block),
      commitFailed: () => {},
    });
  }

  /** One that has begun. */
  static begun(): World {
    const world = new World();
    world.init();
    return world;
  }

  init(chainId = chainIdOf(this.ledger.group.id), validators = VOTERS.map(updateOf)) {
    return this.application.initChain({
      time: { seconds: BigInt(BEGIN / 1000), nanos: 0 },
      chainId,
      validators,
      appStateBytes: new Uint8Array(),
      initialHeight: 1n,
    });
  }

  open(topic: string, by: Actor = north): Uint8Array {
    return this.signing.sign([by], [operation("topics.open", { topic, publish: [], subscribe: [] })]);
  }

  bundle(...transactions: readonly Uint8Array[]): Uint8Array {
    const nonce = new Uint8Array(8);
    new DataView(nonce.buffer).setUint32(0, this.#nonce++);
    return encodeBundle(transactions, nonce);
  }

  proposal(txs: readonly Uint8Array[], changes: Partial<RequestProcessProposal> = {}): RequestProcessProposal {
    const now = this.clock.now();
    return {
      ...ProcessProposal.fromPartial({}),
      // Bytes of their own, as they come from the socket.
      txs: txs.map((tx) => tx.slice()),
      hash: sha256(encodeUtf8(`block ${this.block + 1} ${this.#nonce++}`)),
      height: BigInt(this.block + 1),
      time: { seconds: BigInt(Math.floor(now / 1000)), nanos: (now % 1000) * 1_000_000 },
      proposedLastCommit: { round: 0, votes: [] },
      ...changes,
    };
  }

  /** A block from decision to commit. */
  async decide(txs: readonly Uint8Array[], changes: Partial<RequestFinalizeBlock> = {}) {
    return this.finish({ ...this.proposal(txs), decidedLastCommit: { round: 0, votes: [] }, ...changes });
  }

  async finish(request: RequestFinalizeBlock) {
    const finalized = await this.application.finalizeBlock(request);
    const { retainHeight } = this.application.commit();
    this.block++;
    this.clock.advance(100);
    return { ...finalized, retainHeight };
  }

  check(tx: Uint8Array) {
    return this.application.checkTx({ tx: tx.slice(), type: CheckTxType.NEW });
  }

  propose(txs: readonly Uint8Array[], maxTxBytes = 1_000_000) {
    const { proposedLastCommit: _, hash: __, ...facts } = this.proposal(txs);
    const localLastCommit = { round: 0, votes: [] };
    return this.application.prepareProposal({ ...facts, localLastCommit, maxTxBytes: BigInt(maxTxBytes) }).txs;
  }

  get headHash(): Uint8Array {
    return decodeBase64Url(this.ledger.headHash) as Uint8Array;
  }
}

function addressOf(node: NodeOf): Uint8Array {
  const key = decodeMultikey(node.voter.multikey);
  if (key === undefined) throw new Error("no key");
  return decodeHex(cometAddress(key)) as Uint8Array;
}

const vote = (node: NodeOf, blockIdFlag: number): VoteInfo => ({
  validator: { address: addressOf(node), power: 1n },
  blockIdFlag,
});

describe("the application under CometBFT, at its beginning", () => {
  it("has nothing before the genesis, and then its hash, however often it is asked", () => {
    const world = new World();
    expect(world.application.info()).toMatchObject({ lastBlockHeight: 0n, lastBlockAppHash: new Uint8Array() });
    const first = world.init();
    expect(first.appHash).toEqual(world.headHash);
    expect(first.validators).toHaveLength(4);
    // CometBFT died before it kept the answer.
    expect(world.application.info()).toMatchObject({ lastBlockHeight: 0n, lastBlockAppHash: world.headHash });
    expect(world.init()).toEqual(first);
    expect(world.ledger.height).toBe(0);
    expect(world.committed.map(({ block }) => block)).toEqual([0]);
  });

  it("refuses a chain that is not the group's, other validators, and one that begins anew below a ledger", async () => {
    const wrong = expect.objectContaining({ code: "engine.wrong-chain" });
    const world = new World();
    expect(() => world.init("hansa-of-others")).toThrow(wrong);
    expect(() => world.init(undefined, VOTERS.slice(1).map(updateOf))).toThrow(wrong);
    expect(() =>
      world.init(
        undefined,
        VOTERS.map((voter) => updateOf({ ...voter, power: 2 })),
      ),
    ).toThrow(wrong);
    expect(world.ledger.height).toBe(-1);
    world.init();
    await world.decide([world.bundle(world.open("a"))]);
    expect(() => world.init()).toThrow(wrong);
  });
});

describe("the application under CometBFT, block by block", () => {
  it("makes a block of the transactions of all bundles, in order", async () => {
    const world = World.begun();
    const transactions = ["a", "b", "a", "c"].map((topic) => world.open(topic));
    const [a, b, again, c] = transactions as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const { txResults, appHash, validatorUpdates } = await world.decide([world.bundle(a, b), world.bundle(again, c)]);
    expect(txResults.map(({ code, data }) => [code, data.length])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(validatorUpdates).toEqual([]);
    expect(appHash).toEqual(world.headHash);
    const block = world.ledger.block(1);
    expect(block?.transactions).toEqual(transactions);
    expect(block?.receipts.map(({ error }) => error?.code)).toEqual([undefined, undefined, "topics.exists", undefined]);
    expect(block?.certificate).toEqual({ engine: "cometbft", block: 1 });
    expect(world.application.info()).toMatchObject({ lastBlockHeight: 1n, lastBlockAppHash: world.headHash });
  });

  it("makes none of an empty block: the hash stays, and the height that it tells", async () => {
    const world = World.begun();
    const before = world.headHash;
    for (let i = 0; i < 3; i++) expect((await world.decide([])).appHash).toEqual(before);
    expect(world.ledger.height).toBe(0);
    expect(world.application.info().lastBlockHeight).toBe(0n);
    await world.decide([world.bundle(world.open("a"))]);
    await world.decide([]);
    expect(world.application.info()).toMatchObject({ lastBlockHeight: 4n, lastBlockAppHash: world.headHash });
    expect(world.committed.map(({ block, execution }) => [block, execution?.header.height])).toEqual([
      [0, 0],
      [1, undefined],
      [2, undefined],
      [3, undefined],
      [4, 1],
      [5, undefined],
    ]);
  });

  it("keeps nothing before the commit, and executes a block that is brought again to the same hash", async () => {
    const world = World.begun();
    const request = { ...world.proposal([world.bundle(world.open("a"))]), decidedLastCommit: { round: 0, votes: [] } };
    const first = await world.application.finalizeBlock(request);
    expect(world.ledger.height).toBe(0);
    // CometBFT died, and a new process asks where we are.
    expect(world.application.info().lastBlockHeight).toBe(0n);
    expect(() => world.application.commit()).toThrow("has not finalized");
    expect(await world.finish(request)).toMatchObject(first);
    expect(world.ledger.height).toBe(1);
  });

  it("is as it was where the store fails at a commit, and takes the block when it is brought again", async () => {
    const world = World.begun();
    const request = { ...world.proposal([world.bundle(world.open("a"))]), decidedLastCommit: { round: 0, votes: [] } };
    await world.application.finalizeBlock(request);
    const commit = world.store.commit.bind(world.store);
    Object.assign(world.store, {
      commit: () => {
        throw new Error("no space left on device");
      },
    });
    expect(() => world.application.commit()).toThrow(expect.objectContaining({ code: "engine.commit-failed" }));
    expect(world.ledger.height).toBe(0);
    Object.assign(world.store, { commit });
    world.application.info();
    await world.finish(request);
    expect(world.ledger.height).toBe(1);
  });

  it("gives blocks a time that moves on though CometBFT's stands still within a millisecond", async () => {
    const world = World.begun();
    const time = { seconds: BigInt(BEGIN / 1000 + 5), nanos: 123_456_789 };
    await world.decide([world.bundle(world.open("a"))], { time });
    await world.decide([world.bundle(world.open("b"))], { time: { ...time, nanos: 123_999_999 } });
    expect([1, 2].map((height) => world.ledger.block(height)?.header.time)).toEqual([BEGIN + 5123, BEGIN + 5124]);
  });

  it("takes a decided block with what is no bundle: that fails, the rest stands", async () => {
    const world = World.begun();
    const { txResults } = await world.decide([encodeUtf8("nonsense"), world.bundle(world.open("a"))]);
    expect(txResults.map(({ code }) => code)).toEqual([1, 0]);
    expect(world.ledger.block(1)?.transactions).toHaveLength(1);
    await world.decide([encodeUtf8("nonsense")]);
    expect(world.ledger.height).toBe(1);
  });

  it("throws what executing throws that is no refusal, and keeps nothing", async () => {
    const world = World.begun();
    Object.assign(world.ledger, {
      execute: () => {
        throw new TypeError("a fault of ours");
      },
    });
    await expect(world.decide([world.bundle(world.open("a"))])).rejects.toThrow("a fault of ours");
    expect(world.ledger.height).toBe(0);
    await world.application.info();
  });

  it("says which of CometBFT's blocks must stay", async () => {
    const world = World.begun();
    await world.decide([]);
    expect((await world.decide([])).retainHeight).toBe(1n);
  });
});

describe("the application under CometBFT, about validators", () => {
  it("names nodes that did not vote, ascending, and leaves out who is no validator any more", async () => {
    const world = World.begun();
    const [one, two, three, four] = NODES as [NodeOf, NodeOf, NodeOf, NodeOf];
    const gone = vote(nodeOf(south, "gone"), 1);
    const votes = [vote(one, 2), vote(two, 1), vote(three, 3), vote(four, 2), gone];
    await world.decide([world.bundle(world.open("a"))], { decidedLastCommit: { round: 0, votes } });
    expect(world.ledger.head?.header.absent).toEqual([two.id, three.id].sort());
    // Who was missing for an empty block is nobody's concern.
    await world.decide([], { decidedLastCommit: { round: 0, votes } });
    expect(world.ledger.height).toBe(1);
  });

  it("makes a block of evidence alone, by node where the ledger knows one", async () => {
    const world = World.begun();
    const [one] = NODES as [NodeOf];
    const unknown = nodeOf(south, "gone");
    const evidence = (node: NodeOf, type: MisbehaviorType) => ({
      type,
      validator: { address: addressOf(node), power: 1n },
      height: 1n,
      time: { seconds: 0n, nanos: 0 },
      totalVotingPower: 4n,
    });
    const { DUPLICATE_VOTE, LIGHT_CLIENT_ATTACK } = MisbehaviorType;
    const { appHash } = await world.decide([], {
      misbehavior: [evidence(one, DUPLICATE_VOTE), evidence(unknown, LIGHT_CLIENT_ATTACK)],
    });
    expect(appHash).toEqual(world.headHash);
    expect(world.ledger.head?.header).toMatchObject({
      height: 1,
      misbehaviour: [
        { kind: "duplicate-vote", validator: one.id, block: 1 },
        { kind: "light-client-attack", validator: Buffer.from(addressOf(unknown)).toString("hex"), block: 1 },
      ],
    });
  });

  it("tells CometBFT of changes: who leaves has no power", async () => {
    const world = World.begun();
    const [, two] = NODES as [NodeOf, NodeOf];
    const change = { kind: "removeValidator" as const, node: two.id };
    await world.decide([world.bundle(world.signing.sign([north], [operation("members.propose", { change })]))]);
    const proposed = world.ledger.block(1)?.receipts[0];
    expect(proposed?.error).toBeUndefined();
    const updates = [];
    for (const member of members.slice(1)) {
      const proposal = proposed?.facts[0]?.data["proposal"] as number;
      const bytes = world.signing.sign([member], [operation("members.approve", { proposal })]);
      updates.push(...(await world.decide([world.bundle(bytes)])).validatorUpdates);
    }
    expect(readValidators(world.ledger.state).validators).toHaveLength(3);
    expect(updates).toEqual([updateOf({ key: two.voter.multikey, power: 0 })]);
  });
});

describe("the application under CometBFT, before blocks", () => {
  it("takes a bundle into the pool where one of its transactions can be executed and is truly signed", async () => {
    const world = World.begun();
    const good = world.open("a");
    const forged = Buffer.from(world.open("b"));
    forged[forged.length - 5] = forged[forged.length - 5] === 65 ? 66 : 65;
    const late = world.signing.sign([north], [operation("topics.close", { topic: "a" })], { exp: BEGIN / 1000 });
    expect((await world.check(world.bundle(good, forged, late))).code).toBe(0);
    expect((await world.check(world.bundle(forged, late))).code).toBe(2);
    expect((await world.check(world.bundle(encodeUtf8("nonsense")))).code).toBe(2);
    expect((await world.check(encodeUtf8("nonsense"))).code).toBe(1);
    await world.decide([world.bundle(good)]);
    // Executed by now: another bundle of it would carry nothing.
    expect((await world.check(world.bundle(good))).code).toBe(2);
  });

  it("verifies each signature once, from the pool to the block", async () => {
    const world = World.begun();
    const bundle = world.bundle(world.open("a"), world.open("b", south));
    await world.check(bundle);
    expect(world.verified).toBe(2);
    const proposal = world.proposal([bundle]);
    expect(world.application.processProposal(proposal)).toEqual({ status: Status.ACCEPT });
    await world.finish({ ...proposal, decidedLastCommit: proposal.proposedLastCommit });
    expect(world.verified).toBe(2);
    // What it sees for the first time in a block is verified then, all the same by the pool of threads.
    await world.decide([world.bundle(world.open("c"))]);
    expect(world.verified).toBe(3);
    expect(world.ledger.height).toBe(2);
  });

  it("knows its own bundles: nothing of them is verified again", async () => {
    const world = World.begun();
    const candidate = world.ledger.check(world.open("a"), world.clock.now());
    world.ledger.noteVerified(candidate);
    const bundle = world.bundle(candidate.bytes);
    world.bundles.addOwn(bundle, [candidate.bytes]);
    expect((await world.check(bundle)).code).toBe(0);
    await world.decide([bundle]);
    expect(world.verified).toBe(0);
    expect(world.committed.at(-1)?.transactions[0]).toBe(candidate.bytes);
  });

  it("executes what is proposed, so that a decision finds it done; another decision executes its own", async () => {
    const world = World.begun();
    let executions = 0;
    const execute = world.ledger.execute.bind(world.ledger);
    Object.assign(world.ledger, {
      execute: (...block: Parameters<Ledger["execute"]>) => {
        executions++;
        return execute(...block);
      },
    });
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const proposal = world.proposal([world.bundle(world.open("a"))]);
    world.application.processProposal(proposal);
    await turn();
    await turn();
    expect([executions, world.ledger.height]).toEqual([1, 0]);
    await world.finish({ ...proposal, decidedLastCommit: proposal.proposedLastCommit });
    expect([executions, world.ledger.height]).toEqual([1, 1]);

    const lost = world.proposal([world.bundle(world.open("b"))]);
    world.application.processProposal(lost);
    const decided = world.bundle(world.open("c"));
    await world.decide([decided]);
    await turn();
    expect(world.ledger.block(2)?.receipts[0]?.facts[0]?.about).toContain("topic/c");
    expect(world.ledger.height).toBe(2);
  });

  it("does not halt over a proposal that is never decided", async () => {
    const world = World.begun();
    const execute = world.ledger.execute.bind(world.ledger);
    Object.assign(world.ledger, {
      execute: () => {
        throw new TypeError("only with this one");
      },
    });
    world.application.processProposal(world.proposal([world.bundle(world.open("a"))]));
    await new Promise((resolve) => setImmediate(resolve));
    Object.assign(world.ledger, { execute });
    await world.decide([world.bundle(world.open("b"))]);
    expect(world.ledger.height).toBe(1);
  });

  it("rejects proposals with what is no bundle, and no others", () => {
    const world = World.begun();
    const good = world.bundle(world.open("a"));
    const process = (...txs: Uint8Array[]) => world.application.processProposal(world.proposal(txs)).status;
    expect(process()).toBe(Status.ACCEPT);
    expect(process(good, world.bundle(encodeUtf8("no transaction, but a bundle")))).toBe(Status.ACCEPT);
    expect(process(good, encodeUtf8("nonsense"))).toBe(Status.REJECT);
    expect(process(new Uint8Array())).toBe(Status.REJECT);
  });

  it("proposes what fits in the pool's order, without what is no bundle", async () => {
    const world = World.begun();
    await world.decide([]);
    const bundles = ["a", "b", "c"].map((topic) => world.bundle(world.open(topic)));
    const size = (bundles[0]?.length as number) + 3;
    expect(world.propose(bundles)).toEqual(bundles);
    expect(world.propose(bundles, 2 * size)).toEqual(bundles.slice(0, 2));
    expect(world.propose(bundles, 2 * size - 1)).toEqual(bundles.slice(0, 1));
    expect(world.propose([encodeUtf8("nonsense"), ...bundles])).toEqual(bundles);
    // A block that nobody executes in time helps nobody.
    const of = (length: number) => world.bundle(...Array.from({ length }, () => Uint8Array.of(1)));
    expect(world.propose([of(600), of(600), of(600)])).toHaveLength(2);
    // One that is too much by itself goes alone, and holds up nobody.
    expect(world.propose([of(1500), of(600)])).toHaveLength(1);
  });

  it("lets an empty block go first after a pause, once, so that transactions meet the time of now", async () => {
    const world = World.begun();
    const bundles = [world.bundle(world.open("a"))];
    // It does not know yet when the last block was.
    expect(world.propose(bundles)).toEqual([]);
    await world.decide([]);
    expect(world.propose(bundles)).toEqual(bundles);
    await world.decide(bundles);
    await world.decide([]);
    const more = [world.bundle(world.open("b"))];
    expect(world.propose(more)).toEqual(more);
    world.clock.advance(60_000);
    expect(world.propose(more)).toEqual([]);
    await world.decide([]);
    // However slow blocks are, there is never a second one for the time alone.
    world.clock.advance(60_000);
    expect(world.propose(more)).toEqual(more);
  });
});

describe("the application under CometBFT, asked for peers", () => {
  it("admits nodes that the ledger admits, over loopback, and answers no to all else", () => {
    const { application } = World.begun();
    const ask = (path: string) => application.query({ path, data: new Uint8Array(), height: 0n, prove: false }).code;
    expect(ask(`/p2p/filter/id/${NODES[0]?.id}`)).toBe(0);
    expect(ask(`/p2p/filter/id/${NODES[1]?.id}`)).toBe(1);
    expect(ask("/p2p/filter/addr/127.0.0.1:40123")).toBe(0);
    expect(ask("/p2p/filter/addr/[::1]:40123")).toBe(0);
    for (const path of [
      "/p2p/filter/addr/192.0.2.7:26656",
      "/p2p/filter/addr/127.0.0.1.example:26656",
      "/p2p/filter/id/",
      `/p2p/filter/id/${NODES[0]?.id}/more`,
      "/store",
      "",
    ])
      expect([path, ask(path)]).toEqual([path, 1]);
  });
});
