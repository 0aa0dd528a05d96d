/** The real CometBFT on both sides: a node without history begins from a peer's snapshot. */
import { describe, expect, it, onTestFinished } from "vitest";
import { decodeBase64Url, encodeHex, encodeUtf8, systemClock } from "#base";
import { sha256, verifyMembership, verifySignature } from "#crypto";
import { Ledger } from "#ledger";
import { type CometCertificate, groupIdOf, operation, type Receipt, verifyCertified } from "#protocol";
import { Alliance, cometEngine, genesisOf, type NodeOf, nodeOf, north, south } from "../../../ledger/alliance.suite.ts";
import { CometEngine } from "../comet-engine.ts";
import type { PeerAddress } from "../gate/gate-context.ts";
import { type PeerGate, startPeerGate } from "../gate/peer-gate.ts";
import { CometProcess } from "../process/comet-process.ts";
import { call, ENGINE, memoryStore, until, WITH_ENGINE } from "../process/process.suite.ts";
import type { StateSync } from "../process/process-options.ts";
import { collectValidatorChanges } from "./collect-validator-changes.ts";
import { Pruner } from "./pruner.ts";
import { Place } from "./snapshots.suite.ts";
import type { Snapshots } from "./snapshots.ts";

const VOTER = nodeOf(north);
const GENESIS = genesisOf({}, cometEngine([VOTER]));
const EVERY = 4;
const KEEP = 5;

interface Running {
  readonly ledger: Ledger;
  readonly engine: CometEngine;
  readonly comet: CometProcess;
  readonly gate: PeerGate;
  readonly snapshots: Snapshots;
  readonly failures: unknown[];
}

/** Nodes that admit each other. */
class Network {
  readonly place = new Place();
  readonly #admitted = new Map<string, PeerAddress>();

  async start(node: NodeOf, stateSync?: (gate: PeerGate) => Promise<StateSync>): Promise<Running> {
    const failures: unknown[] = [];
    const onFailure = (error: unknown) => failures.push(error);
    const name = node.owner.name;
    const ledger = new Ledger(GENESIS, this.place.store(name));
    // The seed of this actor's key.
    const nodeSeed = sha256(encodeUtf8(`hansa test ${node.peer.name}`));
    const admits = (id: string) => this.#admitted.has(id);
    const gate = await startPeerGate({
      host: "127.0.0.1",
      port: 0,
      nodeSeed,
      groupId: groupIdOf(GENESIS),
      p2pPort: () => comet.p2pPort,
      peers: () => [...this.#admitted.values()],
      admits,
      light: (method, params) => engine.light(method, params),
      clock: systemClock,
      log: () => {},
    });
    onTestFinished(() => gate.close());
    this.#admitted.set(gate.node, { node: gate.node, address: `127.0.0.1:${gate.port}` });
    const sync = await stateSync?.(gate);
    const comet = new CometProcess({
      binary: ENGINE?.path ?? "cometbft",
      folder: `${this.place.folder}/${name}-engine`,
      genesis: GENESIS,
      groupId: groupIdOf(GENESIS),
      nodeSeed,
      signer: node.voter.signer,
      voteState: memoryStore(),
      peers: () => gate.localPeers(),
      moniker: name,
      timing: { commit: 10 },
      ...(sync === undefined ? {} : { stateSync: sync }),
      log: { info: () => {}, warn: () => {}, error: () => {} },
      clock: systemClock,
    });
    const snapshots = this.place.snapshots(ledger, `${name} snapshots`, EVERY);
    const engine = new CometEngine({
      ledger,
      clock: systemClock,
      verify: async (checks) => checks.every(({ key, input, signature }) => verifySignature(key, input, signature)),
      process: comet,
      admits,
      snapshots,
      retainBlocks: KEEP,
      onFailure,
    });
    const pruner = new Pruner({ ledger, keepBlocks: KEEP, onFailure });
    engine.onCommit(({ header }) => {
      snapshots.committed(header.height);
      pruner.committed();
    });
    onTestFinished(async () => {
      await engine.stop();
      await pruner.stop();
    });
    await gate.update();
    await engine.start();
    return { ledger, engine, comet, gate, snapshots, failures };
  }
}

describe.skipIf(ENGINE === undefined)(`catching up under CometBFT${WITH_ENGINE}`, () => {
  it("begins from a peer's snapshot, follows it, prunes as it does, and proves what it holds", {
    timeout: 90_000,
  }, async () => {
    const network = new Network();
    // First of all, since what was said last is done first.
    onTestFinished(() => network.place.close());
    const signing = new Alliance(undefined, {}, cometEngine([VOTER]));
    const one = await network.start(VOTER);
    const submit = (topic: string): Promise<Receipt> => {
      signing.time = Date.now();
      const bytes = signing.sign([north], [operation("topics.open", { topic, publish: [], subscribe: [] })]);
      return one.engine.submit(one.ledger.check(bytes, Date.now()));
    };
    for (let i = 0; one.ledger.height < 4 * EVERY + 2; i++) {
      expect((await submit(`t${i}`)).code).toBe(0);
      // In a block of its own each, so that the engine has blocks to prune.
      await one.snapshots.settled();
    }
    const [newest] = one.snapshots.offered();
    expect(newest?.height).toBeGreaterThan(0);
    const pruned = await until(async () => {
      const { earliest_block_height: earliest } = (await call(one.comet.rpcSocket, "status"))["sync_info"] as Record<
        string,
        string
      >;
      return Number(earliest) > 1 ? Number(earliest) : undefined;
    });
    expect(one.ledger.lowestHeight).toBeGreaterThan(0);

    const two = await network.start(nodeOf(south), async (gate) => {
      await one.gate.update();
      await gate.update();
      const height = one.ledger.height - 1;
      const { header, commit } = (await one.engine.certified(height)).certificate as Required<CometCertificate>;
      const url = gate.lightUrl(one.gate.node);
      return {
        rpcServers: [url, url],
        trustHeight: header.height,
        trustHash: encodeHex(decodeBase64Url(commit.blockId.hash) as Uint8Array),
        trustPeriod: 86_400,
      };
    });
    await until(() => two.ledger.height >= one.ledger.height || undefined);
    const began = two.ledger.firstHeight;
    // The blocks below are nowhere any more: it cannot have come from them.
    expect(began % EVERY).toBe(0);
    expect(began).toBeGreaterThan(0);
    const certificate = two.ledger.signedHeader(began)?.certificate;
    expect(certificate?.engine === "cometbft" ? certificate.block : 0).toBeGreaterThanOrEqual(pruned);
    expect(two.ledger.headHash).toBe(one.ledger.headHash);

    const receipt = await submit("later");
    await until(() => two.ledger.height >= receipt.height || undefined);
    expect(two.ledger.headHash).toBe(one.ledger.headHash);
    expect(two.ledger.record("topic/t0")).toEqual(one.ledger.record("topic/t0"));
    const { signed, membership } = two.ledger.prove("topic/t0");
    expect(verifyMembership(decodeBase64Url(signed.header.state) as Uint8Array, membership)).toBe(true);
    const vouched = await one.engine.certified(receipt.height);
    const source = { name: "one", ask: async () => [] };
    const path = await collectValidatorChanges(two.ledger, [source]);
    verifyCertified(
      GENESIS,
      vouched,
      path.map(({ step }) => step),
    );
    expect(two.ledger.validatorsAt(began)).toEqual(one.ledger.validatorsAt(one.ledger.height));

    // Snapshots that it makes from now on are those of the other.
    for (let i = 0; two.ledger.height < began + 3 * EVERY; i++) {
      const { height } = await submit(`u${i}`);
      // Blocks that both have may be pruned: it must not fall behind.
      await until(() => two.ledger.height >= height || undefined);
    }
    const both = await until(async () => {
      await Promise.all([one.snapshots.settled(), two.snapshots.settled()]);
      const mine = one.snapshots.kept();
      const common = two.snapshots.kept().filter(({ height }) => mine.some((other) => other.height === height));
      return common.length > 0
        ? common.map((own) => [own, mine.find(({ height }) => height === own.height)])
        : undefined;
    });
    for (const [own, other] of both) expect(own).toEqual(other);
    expect([...one.failures, ...two.failures, ...network.place.failures]).toEqual([]);
  });
});
