/** Gates over real sockets, and strangers who come to them with whatever they like. */
import { createServer, connect as plainConnect, type Server, type Socket } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { ManualClock } from "#base";
import { createSigner } from "#crypto";
import { BEGIN } from "../../../ledger/alliance.suite.ts";
import type { PeerAddress } from "./gate-context.ts";
import { decodeAnswer, encodeHeader, GATE_PROTOCOL, type HeaderAnswer, readFrame } from "./header.ts";
import {
  type CertificateContent,
  CLIENT_AUTH,
  certificatePem,
  encodeCertificate,
  NodeIdentity,
  privateKeyPem,
  SERVER_AUTH,
} from "./node-certificate.ts";
import { type PeerGate, type PeerGateOptions, startPeerGate } from "./peer-gate.ts";

export const GROUP = "alliance:group:2NEpo7TZRRrLZSi2U";
export const DAY = 24 * 3_600_000;

export function seedOf(number: number): Uint8Array {
  return new Uint8Array(32).fill(number);
}

export function nodeOf(number: number): string {
  return new NodeIdentity(seedOf(number), new ManualClock(BEGIN), DAY).node;
}

/** What the ledgers of all gates say, and what they log: one ledger, as when all are at the same height. */
export class Town {
  readonly clock = new ManualClock(BEGIN);
  readonly admitted = new Map<string, string>();
  /** Taken out by their own members. */
  readonly left = new Set<string>();
  readonly gates: PeerGate[] = [];

  admit(number: number, address: string): void {
    this.admitted.set(nodeOf(number), address);
  }

  dismiss(number: number): void {
    this.admitted.delete(nodeOf(number));
  }

  leave(number: number): void {
    this.dismiss(number);
    this.left.add(nodeOf(number));
  }

  peers(): readonly PeerAddress[] {
    return [...this.admitted].map(([node, address]) => ({ node, address }));
  }

  /** Opens the gate of node `number`, and admits it. */
  async open(number: number, options: Partial<PeerGateOptions> = {}): Promise<Gate> {
    const lines = new Lines();
    const gate = await startPeerGate({
      host: "127.0.0.1",
      port: 0,
      nodeSeed: seedOf(number),
      groupId: GROUP,
      p2pPort: () => 1,
      peers: () => this.peers(),
      admits: (node) => this.admitted.has(node),
      leaves: (node) => this.left.has(node),
      clock: this.clock,
      log: lines.add,
      ...options,
    });
    this.gates.push(gate);
    onTestFinished(() => gate.close());
    this.admit(number, `127.0.0.1:${gate.port}`);
    return { gate, lines };
  }

  /** Tells every gate that the ledger changed. */
  async update(): Promise<void> {
    await Promise.all(this.gates.map((gate) => gate.update()));
  }
}

export interface Gate {
  readonly gate: PeerGate;
  readonly lines: Lines;
}

/** A log that can be waited for. */
export class Lines {
  readonly #lines: string[] = [];
  #heard: (() => void)[] = [];

  readonly add = (line: string): void => {
    this.#lines.push(line);
    for (const heard of this.#heard.splice(0)) heard();
  };

  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.#lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#heard.push(resolve));
    }
  }
}

/** A server in CometBFT's place. */
export async function listening(take: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    take(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A plain connection, open. */
export async function connected(port: number): Promise<Socket> {
  const socket = plainConnect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  // The listener stays: a reset later on is no news.
  await new Promise<void>((resolve, reject) => socket.on("error", reject).once("connect", resolve));
  return socket;
}

/** Key and certificate of node `number` as PEM: a good one, but for what is said otherwise. */
export function papers(number: number, changes: Partial<CertificateContent> & { readonly key?: number } = {}) {
  const { key = number, ...content } = changes;
  const der = encodeCertificate({
    signer: createSigner("Ed25519", seedOf(key)),
    node: nodeOf(number),
    notBefore: BEGIN,
    notAfter: BEGIN + DAY,
    usages: [CLIENT_AUTH, SERVER_AUTH],
    ...content,
  });
  return { key: privateKeyPem(seedOf(key)), cert: certificatePem(der) };
}

/** Comes to a gate with any TLS options. */
export function stranger(port: number, options: ConnectionOptions): TLSSocket {
  const defaults = { host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: [GATE_PROTOCOL] };
  const socket = connect({ ...defaults, ...options }).on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Whether TLS came about as the stranger sees it. */
export function isSecured(socket: TLSSocket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once("secureConnect", () => resolve(true)).once("close", () => resolve(false));
  });
}

/** What the gate says to a first frame; `undefined` where it hangs up instead. */
export async function answerTo(
  socket: TLSSocket,
  first: Uint8Array = encodeHeader({ group: GROUP, purpose: "p2p" }),
): Promise<HeaderAnswer | undefined> {
  if (!(await isSecured(socket))) return undefined;
  socket.write(first);
  const frame = await readFrame(socket);
  return frame === undefined ? undefined : decodeAnswer(frame);
}

export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
    // A socket that nobody reads never hears its end.
    socket.resume();
  });
}

/** The next bytes of a socket as text. */
export function heard(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once("data", (bytes) => resolve(String(bytes)));
    socket.once("close", () => reject(new Error("closed before it said anything")));
  });
}
