import { createServer, type Server, type Socket } from "node:net";
import { isHansaError } from "#base";
import { dial } from "./dial.ts";
import { listen } from "./entrance.ts";
import type { GateContext, PeerAddress } from "./gate-context.ts";
import type { Purpose } from "./header.ts";
import { BUFFER_BYTES } from "./limits.ts";
import { splice } from "./splice.ts";

export const LOOPBACK = "127.0.0.1";

/**
 * A port on loopback that leads to one peer through its gate, for programs that know nothing of gates: CometBFT.
 *
 * Every local user reaches it. With the purpose `p2p` that is worth nothing: the peer's CometBFT talks to none but the holder of an
 * admitted node key (SecretConnection), which the gate does not lend. With `light` it lets local users read what light clients may read of
 * the group: headers, votes and validators, never a transaction or a record.
 */
export class LocalPort {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly port: number;

  private constructor(server: Server, sockets: Set<Socket>, port: number) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = port;
  }

  /**
   * @param peer - where the peer is now
   * @param wanted - port to take where it is free; CometBFT goes on dialling the one that it was told once
   */
  static async open(
    context: GateContext,
    purpose: Purpose,
    peer: () => PeerAddress,
    wanted: number,
  ): Promise<LocalPort> {
    const sockets = new Set<Socket>();
    const take = (local: Socket) => {
      sockets.add(local);
      local.on("error", () => {}).once("close", () => sockets.delete(local));
      connectThrough(context, purpose, peer(), local).catch((error: unknown) => {
        local.destroy();
        const why = isHansaError(error) ? error.message : String(error);
        context.log(`peer gate: ${purpose}: ${why}`);
      });
    };
    const start = async (port: number) => {
      const options = { noDelay: true, pauseOnConnect: true, highWaterMark: BUFFER_BYTES };
      const server = createServer(options, take);
      server.maxConnections = context.limits.localConnections;
      const bound = await listen(server, LOOPBACK, port);
      server.on("error", (error) => context.log(`peer gate: ${error.message}`));
      return new LocalPort(server, sockets, bound);
    };
    return wanted === 0 ? start(0) : start(wanted).catch(() => start(0));
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

async function connectThrough(context: GateContext, purpose: Purpose, peer: PeerAddress, local: Socket): Promise<void> {
  splice(local, await dial(context, peer, purpose).opened, context.clock);
}
