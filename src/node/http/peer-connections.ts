import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { GroupService } from "../group-service.ts";
import { tlsError } from "../tls/errors.ts";
import type { PeerCertificate } from "../tls/peer-certificate.ts";
import type { ServerTls } from "../tls/server-tls.ts";

export interface PeerConnectionsOptions {
  readonly tls: ServerTls;
  readonly groups: readonly GroupService[];
  /** DID of the member that runs the node. */
  readonly member: string;
  /** Hears of connections that are refused or cut. */
  readonly onRefused: (error: unknown) => void;
}

/**
 * Connections under mutual TLS, each bound to its client's certificate. One ends at once, idle or not, when the certificate is revoked or runs
 * out, its authority is trusted no longer, or its DID is a party of no group of this node any more. Only a transaction that waits for its
 * receipt is answered before: a party that takes its own key away still hears that it did.
 */
export class PeerConnections {
  readonly #options: PeerConnectionsOptions;
  readonly #sockets = new Map<TLSSocket, { transactions: number; ends: boolean }>();

  constructor(options: PeerConnectionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Takes a connection whose handshake is done, or ends it before anything of it is read. */
  accept(socket: TLSSocket): void {
    try {
      this.#require(socket);
    } catch (error) {
      this.#options.onRefused(error);
      socket.destroy();
      return;
    }
    this.#sockets.set(socket, { transactions: 0, ends: false });
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /**
   * The certificate behind a request.
   *
   * @throws HansaError `tls.certificate`
   */
  peerOf(socket: Socket): PeerCertificate | undefined {
    return this.#options.tls.peerOf(socket as TLSSocket);
  }

  /** A transaction on this connection waits for its receipt; the answer is to be called when it has it. */
  hold(socket: Socket): () => void {
    const connection = this.#sockets.get(socket as TLSSocket);
    if (connection === undefined) return () => {};
    connection.transactions++;
    return () => {
      connection.transactions--;
      if (connection.ends && connection.transactions === 0) (socket as TLSSocket).destroySoon();
    };
  }

  /** Whether a connection ends with the answer that it waits for: the client is told not to use it again. */
  ends(socket: Socket): boolean {
    return this.#sockets.get(socket as TLSSocket)?.ends === true;
  }

  /**
   * Looks at all connections again.
   *
   * @param changed - DIDs that lost a key: their connections end, too
   */
  recheck(changed: ReadonlySet<string> = new Set()): void {
    for (const [socket, connection] of this.#sockets) {
      try {
        const peer = this.#require(socket);
        if (peer === undefined || !changed.has(peer.did)) continue;
      } catch (error) {
        this.#options.onRefused(error);
      }
      connection.ends = true;
      if (connection.transactions === 0) socket.destroy();
    }
  }

  #require(socket: TLSSocket): PeerCertificate | undefined {
    const { tls, groups, member } = this.#options;
    const peer = tls.peerOf(socket);
    if (peer === undefined || peer.did === member || groups.some(({ rights }) => rights.mayRead(peer.did))) return peer;
    throw tlsError("tls.certificate", "the certificate's DID is a party of no group here", { problem: "no party" });
  }
}
