import type { TLSSocket } from "node:tls";
import { decodeUtf8 } from "#base";
import { type Dialling, dial, refused, unreachable } from "./dial.ts";
import type { GateContext, PeerAddress } from "./gate-context.ts";
import { encodeMessage, readMessage } from "./message-frame.ts";

const CODE = /^[a-z0-9.-]{1,64}$/;

interface Waiting {
  readonly settle: (outcome: Uint8Array | Error) => void;
}

/** Requests to one peer over one kept stream, dialled when there is none. */
export class PeerChannel {
  readonly #context: GateContext;
  readonly #peer: PeerAddress;
  readonly #waiting = new Map<number, Waiting>();
  #dialling: Dialling | undefined;
  #lastId = 0;

  constructor(context: GateContext, peer: PeerAddress) {
    this.#context = context;
    this.#peer = peer;
  }

  /** @throws HansaError `engine.peer-unreachable`, `engine.peer-refused` */
  request(payload: Uint8Array): Promise<Uint8Array> {
    const { limits, clock } = this.#context;
    if (payload.length > limits.messageBytes) return Promise.reject(refused(this.#peer, "oversized", "us"));
    if (this.#waiting.size >= limits.requestsPerPeer) return Promise.reject(unreachable(this.#peer, "busy"));
    this.#lastId = (this.#lastId + 1) >>> 0;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const settle = (outcome: Uint8Array | Error) => {
        cancel();
        this.#waiting.delete(id);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const cancel = clock.after(limits.requestMs, () => settle(unreachable(this.#peer, "deadline")));
      this.#waiting.set(id, { settle });
      this.#stream().then(
        (socket) => {
          // Nobody waits for it any more: it would only cost the peer.
          if (this.#waiting.has(id)) socket.write(encodeMessage({ kind: "request", id, payload }));
        },
        (error: Error) => settle(error),
      );
    });
  }

  async #stream(): Promise<TLSSocket> {
    if (this.#dialling === undefined || this.#dialling.socket.destroyed) {
      const dialling = dial(this.#context, this.#peer, "message");
      this.#dialling = dialling;
      dialling.opened.then(
        (socket) => void this.#hear(socket),
        // Whoever asked hears of it.
        () => {},
      );
    }
    return this.#dialling.opened;
  }

  async #hear(socket: TLSSocket): Promise<void> {
    socket.once("close", () => this.#lose(socket));
    if (socket.destroyed) this.#lose(socket);
    for (;;) {
      const message = await readMessage(socket, this.#context.limits.messageBytes);
      if (message === undefined || message.kind === "request") {
        socket.destroy();
        return;
      }
      // One that came too late is nobody's.
      this.#waiting
        .get(message.id)
        ?.settle(message.kind === "answer" ? message.payload : this.#failure(message.payload));
    }
  }

  #failure(payload: Uint8Array): Error {
    const text = decodeUtf8(payload) ?? "";
    return refused(this.#peer, CODE.test(text) ? text : "failed", "them");
  }

  /** Requests whose stream is gone may have been handled or not: their callers decide. */
  #lose(socket: TLSSocket): void {
    if (this.#dialling?.socket !== socket) return;
    this.#dialling = undefined;
    const error = this.#context.admits(this.#peer.node)
      ? unreachable(this.#peer, "closed")
      : refused(this.#peer, "not-admitted", "us");
    for (const { settle } of [...this.#waiting.values()]) settle(error);
  }

  /** Ends the stream and every request. */
  close(): void {
    const dialling = this.#dialling;
    dialling?.socket.destroy();
    if (dialling !== undefined) this.#lose(dialling.socket);
  }
}
