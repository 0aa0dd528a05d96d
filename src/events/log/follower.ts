/** One reader of a topic: history from disk, then live, each event once and in order, in bounded memory. */
import { BoundedQueue } from "#base";
import type { LoggedEvent } from "#protocol";

/** Where a follower reads what it did not hear. */
export interface FollowedLog {
  /** Events that are durable, which is the next offset. */
  size(): number;
  read(from: number, limit: number): LoggedEvent[];
}

/** Most live events that wait for a reader; one that is further behind reads from disk again. */
export const LIVE_BUFFER = 256;
const PAGE = 128;

/**
 * Follows a log. `push` hears every durable event in order; `next` hands them out.
 *
 * Invariant: the buffer, when not empty, holds consecutive events from `#next` on. What does not fit is not buffered, and what comes
 * after a hole neither: it is read from disk when the reader gets there.
 */
export class Follower {
  readonly #log: FollowedLog;
  readonly #live = new BoundedQueue<LoggedEvent>(LIVE_BUFFER);
  #page: LoggedEvent[] = [];
  #next: number;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(log: FollowedLog, from: number) {
    this.#log = log;
    this.#next = from;
  }

  /** Takes note of one durable event. */
  push(logged: LoggedEvent): void {
    // Only a reader who has all of the history buffers; the others find it on disk.
    if (this.#page.length === 0 && logged.offset === this.#next + this.#live.size) this.#live.push(logged);
    this.#awake();
  }

  /** Ends the following: the reader gets no more. */
  end(): void {
    this.#ended = true;
    this.#awake();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** The next event; `undefined` when it ended. One call at a time. */
  async next(): Promise<LoggedEvent | undefined> {
    for (;;) {
      if (this.#ended) return undefined;
      const logged = this.#page.shift() ?? this.#live.shift();
      if (logged !== undefined) {
        // Bodies may have been pruned: offsets only grow, they may jump.
        this.#next = logged.offset + 1;
        return logged;
      }
      if (this.#next < this.#log.size()) {
        this.#page = this.#log.read(this.#next, PAGE);
        if (this.#page.length === 0) this.#next = this.#log.size();
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
