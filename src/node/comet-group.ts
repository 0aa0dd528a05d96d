/** A group under CometBFT: the engine, its process, and the gate to the peers. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { type Clock, deferred, parseJson } from "#base";
import { createSigner, decodeMultikey } from "#crypto";
import {
  CometEngine,
  CometProcess,
  collectValidatorChanges,
  findCometbft,
  type PeerGate,
  Pruner,
  Snapshots,
  startPeerGate,
} from "#engines";
import { admittedNode, isActiveMember, type Ledger, nodesOfMember, readNode } from "#ledger";
import { cometAddress, type Genesis, NodeAddress, NodeId, type NodeRecord, type ValidatorChange } from "#protocol";
import { KeyValueStore } from "#storage";
import type { GroupFiles } from "./config/home.ts";
import { nodeError } from "./errors.ts";
import { type GroupEngine, type OpenEngineOptions, signerOf } from "./group-engine.ts";
import { describe } from "./log.ts";
import { answerPeer, askPeer, type PeerRequest } from "./peer-messages.ts";
import { findSyncGrounds } from "./state-sync.ts";
import { ValidatorPath } from "./validator-path.ts";

/** Blocks of the ledger from one snapshot to the next, where the configuration says nothing. */
const SNAPSHOT_BLOCKS = 1000;
/** CometBFT's own newest blocks that stay whatever the configuration says: a node that lags a little fetches them one by one. */
const LEAST_ENGINE_BLOCKS = 10_000;

/** Opens it; the engine is started by the caller. */
export async function openComet(options: OpenEngineOptions): Promise<GroupEngine> {
  const { entry, files, ledger, keys, pool, waiting, clock, log, closers } = options;
  const { genesis } = ledger;
  const { path: binary } = await findCometbft(options.environment);
  const consensus = new KeyValueStore(options.openConsensus(), "consensus");
  const nodeSeed = keys.dataKey(`node/${entry.name}`);
  const own = cometAddress(publicKeyOf(nodeSeed));
  const beginning = new Beginning(genesis, files);
  const fails = (what: string) => (error: unknown) => log.error({ group: entry.name, cause: describe(error) }, what);
  // While it catches up the ledger at hand is of yesterday: whom the genesis or the operator names is let in as well.
  // The gate asks before there is an engine.
  const known: { engine?: CometEngine } = {};
  const isBehind = () => ledger.head === undefined || known.engine?.status().consensus?.catchingUp !== false;
  // Whom the ledger knows and does not let in stays out, however old its word: nobody slips in while a node starts.
  const mayBegin = (node: string) => isBehind() && readNode(ledger.state, node) === undefined;
  const admits = (node: string) => admitted(ledger, node) !== undefined || (beginning.has(node) && mayBegin(node));
  const peers = () => {
    const listed = ledger.head === undefined ? [] : peersOf(ledger);
    return [...listed, ...beginning.peers.filter(({ node }) => mayBegin(node))].filter(({ node }) => node !== own);
  };
  mkdirSync(files.comet, { recursive: true, mode: 0o700 });

  const gate = await startPeerGate({
    host: entry.p2p?.host ?? "127.0.0.1",
    port: entry.p2p?.port ?? 0,
    nodeSeed,
    groupId: ledger.group.id,
    p2pPort: () => process.p2pPort,
    peers,
    admits,
    leaves: (node) => leftByItself(ledger, node),
    light: (method, params) => engine.light(method, params),
    onMessage: async (_node, payload) => {
      const answers = options.answers();
      if (answers === undefined) throw nodeError("node.peer-refused", "the node is still starting");
      return answerPeer(answers, payload);
    },
    clock,
    log: (line) => log.info({ group: entry.name }, line),
  });
  closers.push(() => gate.close());

  const fresh = ledger.head === undefined;
  const grounds = fresh ? await findSyncGrounds({ genesis, gate, peers: peers(), log }) : undefined;
  if (fresh && grounds === undefined && genesis.from !== undefined && !existsSync(files.inherited))
    throw nodeError("node.inheritance-missing", `the records of ${genesis.from.group} are not in ${files.folder}`, {
      group: genesis.from.group,
    });
  const regained = fresh
    ? undefined
    : regainBlocks(files, ledger, () => log.info({ group: entry.name }, "CometBFT has its blocks again"));
  if (regained !== undefined)
    log.warn({ group: entry.name }, "CometBFT has lost its blocks: it fetches them anew from its peers");
  const process = new CometProcess({
    binary,
    folder: files.comet,
    genesis,
    groupId: ledger.group.id,
    nodeSeed,
    signer: signerOf(keys, entry.engineKey),
    voteState: {
      read: () => consensus.get("votes"),
      write: (value) => consensus.batch([{ key: "votes", value }]),
    },
    // Where it votes already and nothing is remembered of it, this node may have voted at the height that is under way.
    lost:
      consensus.get("votes") === undefined &&
      ((readNode(ledger.state, own)?.power ?? 0) > 0 || (await isVoter(gate, peers(), own))),
    peers: () => gate.localPeers(),
    moniker: entry.name,
    ...(grounds === undefined ? {} : { stateSync: grounds.stateSync }),
    log,
    clock,
  });

  const restored = deferred();
  const snapshotFiles = options.openSnapshots();
  const every = entry.snapshotBlocks ?? SNAPSHOT_BLOCKS;
  const snapshots = new Snapshots({
    ledger,
    files: snapshotFiles,
    every: every === 0 ? Number.MAX_SAFE_INTEGER : every,
    onRestored: () => restored.resolve(),
    onFailure: fails("a snapshot could not be made"),
  });
  closers.push(() => snapshots.stop());
  const engine = new CometEngine({
    ledger,
    clock,
    verify: (checks) => pool.verify(checks),
    process,
    admits,
    snapshots,
    regained,
    waiting,
    ...(entry.keepBlocks === undefined || entry.keepBlocks === 0
      ? {}
      : { retainBlocks: Math.max(entry.keepBlocks, LEAST_ENGINE_BLOCKS) }),
    onFailure: fails("the engine failed"),
  });
  known.engine = engine;
  const validators = new ValidatorPath(ledger, engine, new KeyValueStore(options.openConsensus(), "validators"));
  if (entry.keepBlocks !== undefined && entry.keepBlocks > 0) {
    const pruner = new Pruner({ ledger, keepBlocks: entry.keepBlocks, onFailure: fails("blocks could not be pruned") });
    closers.push(() => pruner.stop());
    closers.push(engine.onCommit(() => pruner.committed()));
  }
  closers.push(
    engine.onCommit((execution) => {
      snapshots.committed(execution.header.height);
      if (!execution.receipts.some(({ facts }) => facts.some(({ fact }) => changesPeers(fact)))) return;
      gate
        .update()
        .then((newcomers) => (newcomers.length > 0 ? engine.dial(newcomers) : undefined))
        .catch((error: unknown) => log.warn({ cause: describe(error) }, "peers were not dialled"));
    }),
  );
  closers.push(keepDialling(engine, gate, clock));
  return {
    engine,
    node: own,
    validators,
    gate,
    ask: (member, request) => askMember(ledger, gate, member, request),
    newestSnapshot: () => newestSnapshot(ledger, snapshots.offered().at(0)?.height, every),
    async begun() {
      if (ledger.head === undefined) {
        await restored.promise;
        // A snapshot brings no facts that would tell: whoever it shuts out goes now.
        await gate.update();
      }
      snapshots.start();
      if (ledger.firstHeight === 0 || validators.isKnown) return;
      const sources = peers().map(({ node }) => ({
        name: node,
        ask: async () =>
          (await askPeer((payload) => gate.request(node, payload), { kind: "path" })) as unknown as ValidatorChange[],
      }));
      try {
        for (const { height, step } of await collectValidatorChanges(ledger, sources)) validators.keep(height, step);
      } catch (error) {
        log.warn(
          { cause: describe(error) },
          "no way to the genesis's validators is known: proofs wait for the next start",
        );
      }
    },
  };
}

/**
 * Finds out whether CometBFT's own blocks are gone while the ledger is there: after a restored backup, or a folder that was deleted. It would
 * take the ledger for one from the future and refuse to start. A mark remembers it until CometBFT has caught up, restarts included.
 *
 * @returns what is to be called then; `undefined` where nothing is amiss
 * @throws HansaError `node.engine-data-missing` where the ledger began from a snapshot, and does not know the first blocks itself
 */
function regainBlocks(files: GroupFiles, ledger: Ledger, done: () => void): (() => void) | undefined {
  const mark = join(files.comet, "regaining");
  const certificate = ledger.head?.certificate;
  const begun = certificate?.engine === "cometbft" && certificate.block > 0;
  if (!begun || (existsSync(join(files.comet, "data", "blockstore.db")) && !existsSync(mark))) return undefined;
  if (ledger.firstHeight > 0)
    throw nodeError(
      "node.engine-data-missing",
      `${files.comet} holds no blocks, and the ledger began at height ${ledger.firstHeight}`,
      {
        folder: files.comet,
        first: ledger.firstHeight,
      },
    );
  mkdirSync(files.comet, { recursive: true, mode: 0o700 });
  writeFileSync(mark, "", { mode: 0o600 });
  return () => {
    rmSync(mark, { force: true });
    done();
  };
}

/** How often peers that are not connected are dialled, milliseconds. */
const DIAL_EVERY = 5_000;

/**
 * CometBFT dials a peer that stays away less and less often, and in the end never. A member whose node was away for a day is let in again
 * at once: whoever is missing is dialled for as long as the ledger admits it. The answer ends it.
 */
function keepDialling(engine: CometEngine, gate: PeerGate, clock: Clock): () => void {
  let ended = false;
  let cancel = clock.after(DIAL_EVERY, dial);
  function dial() {
    const { consensus } = engine.status();
    const missing = gate.localPeers().filter(({ node }) => consensus?.peers.includes(node) !== true);
    const dialled = consensus?.up === true && missing.length > 0 ? engine.dial(missing) : Promise.resolve();
    dialled
      // A peer that is away is no news; the next look tries again.
      .catch(() => undefined)
      .finally(() => {
        if (!ended) cancel = clock.after(DIAL_EVERY, dial);
      });
  }
  return () => {
    ended = true;
    cancel();
  };
}

/** Whether any peer's ledger knows this node as a validator of a group that has blocks. */
async function isVoter(gate: PeerGate, peers: readonly { readonly node: string }[], own: string): Promise<boolean> {
  const answers = await Promise.allSettled(
    peers.map(({ node }) => askPeer((payload) => gate.request(node, payload), { kind: "voter", node: own })),
  );
  return answers.some((answer) => answer.status === "fulfilled" && answer.value === true);
}

/** The ledger's height of the newest snapshot: files know the engine's. */
function newestSnapshot(ledger: Ledger, newest: number | undefined, every: number): number | undefined {
  if (newest === undefined || every === 0) return undefined;
  for (
    let height = ledger.height - (ledger.height % every);
    height >= Math.max(1, ledger.firstHeight);
    height -= every
  ) {
    const certificate = ledger.signedHeader(height)?.certificate;
    if (certificate?.engine !== "cometbft" || certificate.block < newest) return undefined;
    if (certificate.block === newest) return height;
  }
  return undefined;
}

/** Asks a member's nodes, one after the other, until one answers. */
async function askMember(ledger: Ledger, gate: PeerGate, member: string, request: PeerRequest) {
  let failure: unknown;
  for (const { node } of nodesOfMember(ledger.state, member)) {
    if (admitted(ledger, node) === undefined) continue;
    try {
      return await askPeer((payload) => gate.request(node, payload), request);
    } catch (error) {
      failure = error;
    }
  }
  throw failure ?? nodeError("node.no-route", `no node of ${member} is known`, { member });
}

/** Nodes that are known before the ledger has begun: those of the genesis, and those that the operator was told of. */
class Beginning {
  readonly peers: readonly { readonly node: string; readonly address: string }[];

  constructor(genesis: Genesis, files: GroupFiles) {
    const founders =
      genesis.engine.kind === "cometbft"
        ? genesis.engine.validators.flatMap(({ node, address }) => {
            const key = decodeMultikey(node);
            return key === undefined ? [] : [{ node: cometAddress(key), address }];
          })
        : [];
    const told = readPeers(files.peers);
    this.peers = [...told, ...founders.filter(({ node }) => !told.some((peer) => peer.node === node))];
  }

  has(node: string): boolean {
    return this.peers.some((peer) => peer.node === node);
  }
}

const Peers = Type.Array(Type.Object({ node: NodeId, address: NodeAddress }), { maxItems: 1000 });

function readPeers(file: string): Static<typeof Peers> {
  if (!existsSync(file)) return [];
  const value: unknown = parseJson(readFileSync(file, "utf8"), { depth: 4, integers: true });
  if (!Value.Check(Peers, value)) throw nodeError("node.config", `${file} does not list peers`, { path: file });
  return value;
}

function peersOf(ledger: Ledger): NodeRecord[] {
  const nodes: NodeRecord[] = [];
  for (const key of ledger.state.keys("node/")) {
    const node = admitted(ledger, key.slice("node/".length));
    if (node !== undefined) nodes.push(node);
  }
  return nodes;
}

function admitted(ledger: Ledger, node: string): NodeRecord | undefined {
  return admittedNode(ledger.state, node);
}

/** Whether a node was taken out by its own member, who is one still. */
function leftByItself({ state }: Ledger, node: string): boolean {
  const known = readNode(state, node);
  return known?.status === "retired" && isActiveMember(state, known.member);
}

/** Facts after which other nodes may be peers than before. */
function changesPeers(fact: string): boolean {
  return fact.startsWith("nodes.") || fact.startsWith("members.changed");
}

function publicKeyOf(seed: Uint8Array) {
  const { algorithm, publicKey } = createSigner("Ed25519", seed);
  return { algorithm, bytes: publicKey };
}
