import { createServer, type Server, type Socket } from "node:net";
import type { DuplexOptions } from "node:stream";
import { TLSSocket, type TLSSocketOptions } from "node:tls";
import { checkCertificate } from "./check-certificate.ts";
import { Doorkeeper } from "./doorkeeper.ts";
import type { GateContext } from "./gate-context.ts";
import { decodeHeader, encodeAnswer, GATE_PROTOCOL, type Purpose, readFrame } from "./header.ts";
import { BUFFER_BYTES } from "./limits.ts";
import type { GateReason } from "./reasons.ts";

const KEEP_ALIVE_MS = 30_000;

/**
 * Readies one stream of a peer. What it answers takes the stream over, or finds it destroyed by then. A rejection means that CometBFT
 * is down.
 */
export type Service = (node: string) => Promise<(socket: TLSSocket) => void>;

/** The public port: lets in who the ledger admits, and nobody else gets further than the refusal. */
export class Entrance {
  readonly #context: GateContext;
  readonly #services: Readonly<Partial<Record<Purpose, Service>>>;
  readonly #doorkeeper: Doorkeeper;
  readonly #server: Server;
  /** Connections that belong to no node yet. */
  readonly #strangers = new Set<TLSSocket>();

  constructor(context: GateContext, services: Readonly<Partial<Record<Purpose, Service>>>) {
    this.#context = context;
    this.#services = services;
    this.#doorkeeper = new Doorkeeper(context.limits, context.clock);
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) =>
      this.#meet(socket),
    );
    // Running out of file descriptors, for one: those who come meanwhile wait.
    this.#server.on("error", (error) => context.log(`peer gate: ${error.message}`));
  }

  get handshakes(): number {
    return this.#doorkeeper.handshakes;
  }

  /** @returns the port */
  listen(host: string, port: number): Promise<number> {
    return listen(this.#server, host, port);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#strangers) socket.destroy();
    await closed;
  }

  #meet(raw: Socket): void {
    raw.on("error", () => {});
    const address = raw.remoteAddress;
    // Gone already.
    if (address === undefined) return void raw.destroy();
    const leave = this.#doorkeeper.enter(address);
    if (leave === undefined) {
      this.#context.refusals.add("too-many", address);
      raw.destroy();
      return;
    }
    const { identity, clock, limits } = this.#context;
    const options: TLSSocketOptions & DuplexOptions = {
      isServer: true,
      secureContext: identity.context(),
      requestCert: true,
      // There is no authority to ask: the certificate is checked against the ledger.
      rejectUnauthorized: false,
      ALPNProtocols: [GATE_PROTOCOL],
      highWaterMark: BUFFER_BYTES,
    };
    const socket = new TLSSocket(raw, options);
    this.#strangers.add(socket);
    socket.on("error", () => {});
    let late = false;
    const cancel = clock.after(limits.handshakeMs, () => {
      late = true;
      socket.destroy();
    });
    const done = () => {
      cancel();
      leave();
      this.#strangers.delete(socket);
    };
    socket.once("close", done);
    this.#receive(socket, address, done).then(
      (reason) => {
        if (reason === undefined) return;
        // Whatever the far side was doing, it did it too slowly.
        const { refused, who } = late ? { ...reason, refused: "deadline" as const } : reason;
        this.#context.refusals.add(refused, who);
      },
      (error: unknown) => {
        // The ledger could not be asked: then nobody is admitted.
        this.#context.log(`peer gate: ${String(error)}`);
        socket.destroy();
      },
    );
  }

  /** Hears a stranger out. Answers whom it refused and why, if it did. */
  async #receive(
    socket: TLSSocket,
    address: string,
    done: () => void,
  ): Promise<{ readonly refused: GateReason; readonly who: string } | undefined> {
    if (!(await secured(socket))) return { refused: "handshake", who: address };
    const turnAway = (refused: GateReason, who: string) => {
      if (!socket.destroyed) {
        // What it still sends is read and forgotten until it hangs up or the deadline comes: closing over unread bytes would reset the
        // connection, and the reason could be lost on the way.
        socket.end(encodeAnswer({ refused }));
        socket.resume();
      }
      return { refused, who };
    };
    const checked = this.#check(socket);
    if ("refused" in checked) return turnAway(checked.refused, address);
    const { node } = checked;
    const who = `${address}, node ${node}`;
    const { admits, groupId, streams, limits } = this.#context;
    if (!admits(node)) return turnAway("not-admitted", who);
    const frame = await readFrame(socket);
    const header = frame === undefined ? "header" : decodeHeader(frame);
    if (typeof header === "string") return turnAway(header, who);
    // Nothing may follow before the answer.
    if (socket.readableLength > 0) return turnAway("header", who);
    if (header.group !== groupId) return turnAway("wrong-group", who);
    const { purpose } = header;
    const service = this.#services[purpose];
    if (service === undefined) return turnAway("wrong-purpose", who);
    let take: (socket: TLSSocket) => void;
    try {
      take = await service(node);
    } catch {
      return turnAway("engine-down", who);
    }
    // The ledger may have moved on meanwhile. From here on the stream is known, and cut when the ledger says so.
    const admitted = admits(node);
    if (admitted && !socket.destroyed) {
      streams.makeRoom(node, purpose, limits.streamsPerPeer);
      streams.add({ node, purpose, direction: "in", address, socket, open: true });
      socket.write(encodeAnswer({ accepted: true }));
    } else socket.destroy();
    done();
    take(socket);
    return admitted ? undefined : { refused: "not-admitted", who };
  }

  #check(socket: TLSSocket) {
    if (socket.alpnProtocol !== GATE_PROTOCOL) return { refused: "protocol" as const };
    // A resumed session would bring the certificate of an earlier day along.
    if (socket.isSessionReused()) return { refused: "handshake" as const };
    const { clock, limits } = this.#context;
    return checkCertificate(socket.getPeerX509Certificate(), clock.now(), limits.clockSkewMs);
  }
}

function secured(socket: TLSSocket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once("secure", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
}

/** Listens, and answers the port. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
