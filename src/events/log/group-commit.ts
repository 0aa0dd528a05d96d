/**
 * Many small durable changes as few transactions. A batch is closed by the first turn of the event loop that brings nothing new, or when
 * it is old or full: under load many turns share one `fsync`, and an idle node waits for nothing.
 */
import { BoundedQueue } from "#base";
import { eventError } from "../errors.ts";

/** One change: `bytes` counts against the queue's limit; `settle` hears of its fate, after the commit. */
export interface Change {
  readonly bytes: number;
  settle(error: unknown): void;
}

export interface GroupCommitOptions<Item extends Change> {
  /** Makes all of them durable in one transaction, or throws and keeps none. */
  readonly commit: (items: readonly Item[]) => void;
  /** Most changes that wait. */
  readonly entries: number;
  /** Most bytes that wait. */
  readonly bytes: number;
  /** Most changes in one transaction. */
  readonly batch: number;
  /** Most bytes in one transaction. */
  readonly batchBytes: number;
  /** Longest that a change waits for more to come, milliseconds. */
  readonly linger: number;
}

/**
 * Collects changes and commits them in order.
 *
 * @example
 * ```ts
 * const group = new GroupCommit({ commit: (items) => db.transaction(() => …), entries: 65536, bytes: 2 ** 26, … });
 * group.add({ bytes: 100, settle: (error) => … });
 * ```
 */
export class GroupCommit<Item extends Change> {
  readonly #options: GroupCommitOptions<Item>;
  readonly #waiting: BoundedQueue<Item>;
  #bytes = 0;
  #scheduled = false;
  #closed = false;
  #commits = 0;

  constructor(options: GroupCommitOptions<Item>) {
    this.#options = options;
    this.#waiting = new BoundedQueue(options.entries);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Transactions so far. */
  get commits(): number {
    return this.#commits;
  }

  /** @throws HansaError `events.busy`, `events.closed` */
  add(item: Item): void {
    if (this.#closed) throw eventError("events.closed", "the logs are closed");
    if (this.#bytes + item.bytes > this.#options.bytes || !this.#waiting.push(item))
      throw eventError("events.busy", "too many events wait to become durable", { waiting: this.#waiting.size });
    this.#bytes += item.bytes;
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#wait(this.#waiting.size, performance.now() + this.#options.linger);
  }

  #wait(size: number, until: number): void {
    setImmediate(() => {
      const { size: now } = this.#waiting;
      if (now > size && now < this.#options.batch && performance.now() < until) {
        this.#wait(now, until);
        return;
      }
      this.#scheduled = false;
      this.#commitSome();
    });
  }

  #commitSome(): void {
    const { batch, batchBytes, commit } = this.#options;
    const items: Item[] = [];
    for (let bytes = 0; items.length < batch && bytes < batchBytes; ) {
      const item = this.#waiting.shift();
      if (item === undefined) break;
      bytes += item.bytes;
      this.#bytes -= item.bytes;
      items.push(item);
    }
    if (items.length === 0) return;
    let failure: unknown;
    try {
      commit(items);
      this.#commits++;
    } catch (error) {
      failure = error ?? new Error("the commit failed");
    }
    // Scheduled before the listeners run: one that throws must not hold up the rest.
    if (this.#waiting.size > 0 && !this.#scheduled) this.#schedule();
    for (const item of items) item.settle(failure);
  }

  /** Commits what waits and takes nothing more. */
  close(): void {
    this.#closed = true;
    while (this.#waiting.size > 0) this.#commitSome();
  }
}
