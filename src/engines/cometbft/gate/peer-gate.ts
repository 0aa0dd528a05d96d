import { connect, type Socket, type TcpNetConnectOpts } from "node:net";
import type { DuplexOptions } from "node:stream";
import type { Clock } from "#base";
import { engineError } from "../../errors.ts";
import { answerMessages, type MessageHandler } from "./answering.ts";
import { PeerChannel } from "./asking.ts";
import { refused } from "./dial.ts";
import { Entrance, type Service } from "./entrance.ts";
import type { GateContext, PeerAddress } from "./gate-context.ts";
import type { Purpose } from "./header.ts";
import { LeavingNodes } from "./leaving-nodes.ts";
import { type LightHandler, LightServer } from "./light-server.ts";
import { BUFFER_BYTES, DEFAULT_GATE_LIMITS, type GateLimits } from "./limits.ts";
import { LiveStreams, type PeerStreams } from "./live-streams.ts";
import { LOOPBACK, LocalPort } from "./local-port.ts";
import { NodeIdentity } from "./node-certificate.ts";
import { type GateReason, Refusals } from "./reasons.ts";
import { splice } from "./splice.ts";

export interface PeerGateOptions {
  /** Where other members' nodes reach us; port 0: the system chooses. */
  readonly host: string;
  readonly port: number;
  /** 32 bytes of the Ed25519 node key. */
  readonly nodeSeed: Uint8Array;
  readonly groupId: string;
  /** Where CometBFT listens on loopback. */
  readonly p2pPort: () => number;
  /** All nodes that the ledger admits. Our own is skipped. */
  readonly peers: () => readonly PeerAddress[];
  /** Whether the ledger admits a node now. */
  readonly admits: (node: string) => boolean;
  /**
   * Whether a node that is not admitted was taken out by its own member. Its open streams to CometBFT stay for `leavingMs`: without them it
   * would seldom hear the block that took it out, and whoever asked it to do so would wait for an answer in vain.
   */
  readonly leaves?: (node: string) => boolean;
  /** Without it, light clients are refused. */
  readonly light?: LightHandler;
  /** Without it, messages are refused. */
  readonly onMessage?: MessageHandler;
  readonly clock: Clock;
  /** One line, no secrets; at most a few in ten seconds whatever strangers do. */
  readonly log: (line: string) => void;
  readonly limits?: Partial<GateLimits>;
}

/** Where CometBFT dials a peer: `<node>@<host>:<port>`. */
export interface LocalPeer {
  readonly node: string;
  readonly host: string;
  readonly port: number;
}

export interface PeerGateStatus {
  readonly node: string;
  readonly port: number;
  /** Peers with open streams, by node id. */
  readonly peers: readonly PeerStreams[];
  /** Incoming handshakes under way. */
  readonly handshakes: number;
  /** Since the start, by reason; those that we refused, incoming or dialled. */
  readonly refusals: Readonly<Partial<Record<GateReason, number>>>;
}

/** The ports of one peer. */
interface Ports {
  readonly peer: PeerAddress;
  readonly p2p: LocalPort;
  readonly light: LocalPort;
}

/** Ports that re-admitted nodes get again are remembered of so many nodes. */
const MOST_REMEMBERED = 4096;

/**
 * The one public port of a member's node for other members' nodes of a group. Opened by `startPeerGate`.
 */
export class PeerGate {
  readonly #options: PeerGateOptions;
  readonly #context: GateContext;
  readonly #entrance: Entrance;
  readonly #leaving: LeavingNodes;
  readonly #ports = new Map<string, Ports>();
  readonly #channels = new Map<string, { readonly address: string; readonly channel: PeerChannel }>();
  /** CometBFT keeps dialling the port that it was told, also of a node that comes back. */
  readonly #remembered = new Map<string, Readonly<Record<"p2p" | "light", number>>>();
  #port = 0;
  #updating: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** @internal */
  constructor(options: PeerGateOptions) {
    const { clock, log, groupId, nodeSeed } = options;
    const limits = { ...DEFAULT_GATE_LIMITS, ...options.limits };
    const identity = new NodeIdentity(nodeSeed, clock, limits.certificateMs);
    this.#options = options;
    this.#context = {
      groupId,
      identity,
      limits,
      clock,
      log,
      streams: new LiveStreams(),
      refusals: new Refusals(clock, log),
      // Whoever comes with our own key is not a peer.
      admits: (node) => node !== identity.node && !this.#closed && options.admits(node),
    };
    this.#entrance = new Entrance(this.#context, this.#services());
    this.#leaving = new LeavingNodes(clock, limits.leavingMs, () => {
      this.update().catch((error: unknown) => log(`peer gate: ${String(error)}`));
    });
  }

  /** CometBFT's id of our node. */
  get node(): string {
    return this.#context.identity.node;
  }

  /** The public port. */
  get port(): number {
    return this.#port;
  }

  /** @internal */
  async open(): Promise<void> {
    const { host, port } = this.#options;
    try {
      this.#port = await this.#entrance.listen(host, port);
    } catch (cause) {
      throw engineError("engine.peer-port", `the port ${host}:${port} could not be opened`, { host, port }, cause);
    }
    await this.update();
  }

  /**
   * Follows the ledger; to be called after each block that changes nodes or members. Streams of nodes that it no longer admits are cut before
   * this returns, their local ports close; streams that were dialled to an address that changed are ended; nodes that are new get ports.
   * A node that its own member took out keeps its streams to CometBFT a little longer (`leaves`).
   *
   * @returns nodes that are new or have a new address: CometBFT should dial them
   */
  update(): Promise<readonly LocalPeer[]> {
    const { streams, admits } = this.#context;
    const addresses = this.#admitted();
    this.#leaving.follow(new Set(addresses.keys()), (node) => this.#options.leaves?.(node) === true);
    streams.cut(({ node, purpose, direction, address }) => {
      if (!admits(node)) return purpose !== "p2p" || !this.#leaving.has(node);
      return direction === "out" && addresses.get(node)?.address !== address;
    });
    for (const [node, { address, channel }] of this.#channels)
      if (addresses.get(node)?.address !== address) {
        this.#channels.delete(node);
        channel.close();
      }
    const done = this.#updating.then(() => this.#followPorts());
    this.#updating = done.catch(() => {});
    return done;
  }

  /**
   * Asks a peer and waits for its answer, over a stream that is kept for the next request.
   *
   * @param payload - at most `messageBytes`
   * @throws HansaError `engine.peer-unreachable`; `engine.peer-refused`, its payload's `by` says by whom, `reason` why: one of `GATE_REASONS`,
   * or the code of what the peer's handler threw
   * @example
   * ```ts
   * const answer = await gate.request(node, encodeUtf8('{"method":"proof"}'));
   * ```
   */
  async request(node: string, payload: Uint8Array): Promise<Uint8Array> {
    const peer = this.#admitted().get(node);
    if (peer === undefined) throw refused({ node, address: "unknown" }, "not-admitted", "us");
    let entry = this.#channels.get(node);
    if (entry === undefined || entry.address !== peer.address) {
      entry?.channel.close();
      entry = { address: peer.address, channel: new PeerChannel(this.#context, peer) };
      this.#channels.set(node, entry);
    }
    return entry.channel.request(payload);
  }

  /**
   * Where CometBFT dials a peer.
   *
   * @throws HansaError `engine.peer-refused` where the node is not admitted
   */
  localPeer(node: string): LocalPeer {
    return { node, host: LOOPBACK, port: this.#portsOf(node).p2p.port };
  }

  /** Where CometBFT dials its peers, in order of node id. */
  localPeers(): readonly LocalPeer[] {
    const admitted = this.#admitted();
    return [...this.#ports.keys()]
      .filter((node) => admitted.has(node))
      .sort()
      .map((node) => this.localPeer(node));
  }

  /**
   * Where a light client reaches a peer: an RPC server for state sync.
   *
   * @throws HansaError `engine.peer-refused` where the node is not admitted
   */
  lightUrl(node: string): string {
    return `http://${LOOPBACK}:${this.#portsOf(node).light.port}`;
  }

  status(): PeerGateStatus {
    const { streams, refusals } = this.#context;
    return {
      node: this.node,
      port: this.#port,
      peers: streams.peers(),
      handshakes: this.#entrance.handshakes,
      refusals: refusals.counts(),
    };
  }

  /** Cuts every stream and closes every port. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#leaving.close();
      this.#context.streams.cut(() => true);
      for (const { channel } of this.#channels.values()) channel.close();
      this.#channels.clear();
    }
    const entrance = this.#entrance.close();
    await this.#updating;
    await this.#followPorts();
    await entrance;
  }

  /** What the ledger says, held against itself: a node that it lists but does not admit is none. */
  #admitted(): ReadonlyMap<string, PeerAddress> {
    const peers = this.#closed ? [] : this.#options.peers().filter(({ node }) => this.#context.admits(node));
    return new Map(peers.map((peer) => [peer.node, peer]));
  }

  async #followPorts(): Promise<readonly LocalPeer[]> {
    // A port that closes takes the streams through it along.
    const gone = [...this.#ports].filter(([node]) => !this.#admitted().has(node) && !this.#leaving.has(node));
    for (const [node] of gone) this.#ports.delete(node);
    await Promise.all(gone.flatMap(([, { p2p, light }]) => [p2p.close(), light.close()]));
    const changed: LocalPeer[] = [];
    for (const [node, peer] of this.#admitted()) {
      const had = this.#ports.get(node);
      if (had?.peer.address === peer.address) continue;
      const ports = had ?? (await this.#openPorts(node));
      this.#ports.set(node, { ...ports, peer });
      changed.push(this.localPeer(node));
    }
    return changed;
  }

  async #openPorts(node: string): Promise<Pick<Ports, "p2p" | "light">> {
    const wanted = this.#remembered.get(node);
    // Looked up at each connection: the address may change while the port stays.
    const find = () => this.#admitted().get(node) ?? { node, address: "unknown" };
    const p2p = await LocalPort.open(this.#context, "p2p", find, wanted?.p2p ?? 0);
    const light = await LocalPort.open(this.#context, "light", find, wanted?.light ?? 0);
    if (this.#remembered.size < MOST_REMEMBERED || wanted !== undefined)
      this.#remembered.set(node, { p2p: p2p.port, light: light.port });
    return { p2p, light };
  }

  #portsOf(node: string): Ports {
    const ports = this.#admitted().has(node) ? this.#ports.get(node) : undefined;
    if (ports === undefined) throw refused({ node, address: "unknown" }, "not-admitted", "us");
    return ports;
  }

  #services(): Readonly<Partial<Record<Purpose, Service>>> {
    const { light, onMessage, p2pPort } = this.#options;
    const context = this.#context;
    const p2p: Service = async () => {
      const local = await connectLocal(p2pPort());
      return (socket) => splice(socket, local, context.clock);
    };
    const lightServer = light === undefined ? undefined : new LightServer(context, light);
    return {
      p2p,
      ...(lightServer === undefined ? {} : { light: async () => (socket) => lightServer.take(socket) }),
      ...(onMessage === undefined
        ? {}
        : { message: async (node) => (socket) => void answerMessages(context, socket, node, onMessage) }),
    };
  }
}

/**
 * Opens the gate of one group. It lets in and dials only nodes that the ledger admits at that moment: mutual TLS 1.3 by node key, then one
 * purpose to a stream.
 *
 * @throws HansaError `engine.peer-port`
 * @example
 * ```ts
 * const gate = await startPeerGate({ host: "0.0.0.0", port: 7422, nodeSeed, groupId, p2pPort, peers, admits, clock, log });
 * gate.localPeers(); // [{ node: "5a…", host: "127.0.0.1", port: 41234 }], for CometBFT's persistent_peers
 * ```
 */
export async function startPeerGate(options: PeerGateOptions): Promise<PeerGate> {
  const gate = new PeerGate(options);
  try {
    await gate.open();
  } catch (error) {
    await gate.close();
    throw error;
  }
  return gate;
}

function connectLocal(port: number): Promise<Socket> {
  const options: TcpNetConnectOpts & DuplexOptions = {
    host: LOOPBACK,
    port,
    noDelay: true,
    highWaterMark: BUFFER_BYTES,
  };
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    // The listener stays: the socket may fail before anybody else listens.
    socket.on("error", reject).once("connect", () => resolve(socket));
  });
}
