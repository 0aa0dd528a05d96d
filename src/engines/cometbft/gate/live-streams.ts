import type { Socket } from "node:net";
import type { Purpose } from "./header.ts";

export type Direction = "in" | "out";

/** A stream with a peer whose node id is proven, or is about to be. */
export interface LiveStream {
  readonly node: string;
  readonly purpose: Purpose;
  readonly direction: Direction;
  /** Where it was dialled to, or came from. */
  readonly address: string;
  readonly socket: Socket;
  /** False while an outgoing one is dialled. */
  open: boolean;
}

/** Open streams of one peer. */
export interface PeerStreams {
  readonly node: string;
  readonly in: Readonly<Record<Purpose, number>>;
  readonly out: Readonly<Record<Purpose, number>>;
}

/** Every stream that could have to be cut: all of them, from the moment that they belong to a node. */
export class LiveStreams {
  /** By node; each set in order of arrival. */
  readonly #streams = new Map<string, Set<LiveStream>>();

  /** Keeps a stream until its socket closes. */
  add(stream: LiveStream): void {
    const { node, socket } = stream;
    if (socket.destroyed) return;
    const own = this.#streams.get(node) ?? new Set();
    this.#streams.set(node, own.add(stream));
    socket.once("close", () => {
      own.delete(stream);
      if (own.size === 0 && this.#streams.get(node) === own) this.#streams.delete(node);
    });
  }

  /**
   * Makes room for one more incoming stream of a peer. The oldest go, not the newest: a peer whose host vanished must be able to come
   * back while its dead streams have not been noticed yet.
   */
  makeRoom(node: string, purpose: Purpose, most: number): void {
    const own = [...(this.#streams.get(node) ?? [])].filter(
      (stream) => stream.direction === "in" && stream.purpose === purpose && !stream.socket.destroyed,
    );
    for (const { socket } of own.slice(0, Math.max(0, own.length - most + 1))) socket.destroy();
  }

  /** Ends streams at once, whatever is still to be sent. Answers how many. */
  cut(which: (stream: LiveStream) => boolean): number {
    let count = 0;
    for (const own of this.#streams.values())
      for (const stream of own)
        if (!stream.socket.destroyed && which(stream)) {
          stream.socket.destroy();
          count++;
        }
    return count;
  }

  /** Open streams by peer, in order of node id. */
  peers(): readonly PeerStreams[] {
    const peers: PeerStreams[] = [];
    for (const node of [...this.#streams.keys()].sort()) {
      const counts = { in: { p2p: 0, light: 0, message: 0 }, out: { p2p: 0, light: 0, message: 0 } };
      let open = 0;
      for (const stream of this.#streams.get(node) ?? [])
        if (stream.open && !stream.socket.destroyed) {
          counts[stream.direction][stream.purpose]++;
          open++;
        }
      if (open > 0) peers.push({ node, ...counts });
    }
    return peers;
  }
}
