/** A group under CometBFT: the engine, its process, and the gate to the peers. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parseJson } from "#base";
import { createSigner, decodeMultikey } from "#crypto";
import { CometEngine, CometProcess, findCometbft, type PeerGate, startPeerGate } from "#engines";
import { admittedNode, type Ledger, nodesOfMember } from "#ledger";
import { cometAddress, type Genesis, NodeAddress, NodeId, type NodeRecord } from "#protocol";
import { KeyValueStore } from "#storage";
import type { GroupFiles } from "./config/home.ts";
import { nodeError } from "./errors.ts";
import { describe, engineSigner, type GroupEngine, type OpenEngineOptions } from "./group-engine.ts";
import { answerPeer, askPeer, type PeerRequest } from "./peer-messages.ts";
import { ValidatorPath } from "./validator-path.ts";

/** Opens it; the engine is started by the caller. */
export async function openComet(options: OpenEngineOptions): Promise<GroupEngine> {
  const { entry, files, ledger, keys, pool, waiting, clock, log, closers } = options;
  const { genesis } = ledger;
  const consensus = new KeyValueStore(options.openConsensus(), "consensus");
  const nodeSeed = keys.dataKey(`node/${entry.name}`);
  const own = cometAddress(publicKeyOf(nodeSeed));
  const beginning = new Beginning(genesis, files);
  const admits = (node: string) =>
    ledger.head === undefined ? beginning.has(node) : admitted(ledger, node) !== undefined;
  const peers = () =>
    (ledger.head === undefined ? beginning.peers : peersOf(ledger)).filter(({ node }) => node !== own);
  mkdirSync(files.comet, { recursive: true, mode: 0o700 });

  const gate = await startPeerGate({
    host: entry.p2p?.host ?? "127.0.0.1",
    port: entry.p2p?.port ?? 0,
    nodeSeed,
    groupId: ledger.group.id,
    p2pPort: () => process.p2pPort,
    peers,
    admits,
    light: (method, params) => engine.light(method, params),
    onMessage: async (_node, payload) => {
      const answers = options.answers();
      if (answers === undefined) throw nodeError("node.peer-refused", "the node is still starting");
      return answerPeer(answers, payload);
    },
    clock,
    log: (line) => log.debug({ group: entry.name, gate: line }, "gate"),
  });
  closers.push(() => gate.close());

  const process = new CometProcess({
    binary: await findCometbft(options.environment),
    folder: files.comet,
    genesis,
    groupId: ledger.group.id,
    nodeSeed,
    signer: engineSigner(keys, entry.engineKey),
    voteState: {
      read: () => consensus.get("votes"),
      write: (value) => consensus.batch([{ key: "votes", value }]),
    },
    lost: ledger.head !== undefined,
    peers: () => gate.localPeers(),
    moniker: entry.name,
    log,
    clock,
  });
  const engine = new CometEngine({
    ledger,
    clock,
    verify: (checks) => pool.verify(checks),
    process,
    admits,
    waiting,
    ...(entry.keepBlocks === undefined || entry.keepBlocks === 0 ? {} : { retainBlocks: entry.keepBlocks }),
    onFailure: (error) => log.error({ group: entry.name, cause: describe(error) }, "the engine failed"),
  });
  closers.push(
    engine.onCommit((execution) => {
      if (!execution.receipts.some(({ facts }) => facts.some(({ fact }) => changesPeers(fact)))) return;
      gate
        .update()
        .then((newcomers) => (newcomers.length > 0 ? engine.dial(newcomers) : undefined))
        .catch((error: unknown) => log.warn({ cause: describe(error) }, "peers were not dialled"));
    }),
  );
  return {
    engine,
    node: own,
    validators: new ValidatorPath(ledger, engine, new KeyValueStore(options.openConsensus(), "validators")),
    gate,
    ask: (member, request) => askMember(ledger, gate, member, request),
  };
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

/** Facts after which other nodes may be peers than before. */
function changesPeers(fact: string): boolean {
  return fact.startsWith("nodes.") || fact.startsWith("members.changed");
}

function publicKeyOf(seed: Uint8Array) {
  const { algorithm, publicKey } = createSigner("Ed25519", seed);
  return { algorithm, bytes: publicKey };
}
