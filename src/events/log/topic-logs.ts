/** The logs of a group's topics: durable before they acknowledge, hashed as they grow, read from anywhere. */
import type { Clock } from "#base";
import { LogTree, leafHash, type Signer, treeHash } from "#crypto";
import { type HansaEvent, type LoggedEvent, signCheckpoint } from "#protocol";
import type { LogStore } from "#storage";
import type { DraftEvent } from "../cloud-event.ts";
import { eventError } from "../errors.ts";
import { type EventProof, encodeEventProof } from "./event-proof.ts";
import { Follower } from "./follower.ts";
import { type Change, GroupCommit } from "./group-commit.ts";

/** Bounds of the queue before the disk, and of what is read at once. */
export interface LogLimits {
  /** Most events that wait to become durable. */
  readonly queuedEntries: number;
  /** Most bytes of them. */
  readonly queuedBytes: number;
  /** Most events in one transaction. */
  readonly batchEntries: number;
  /** Most bytes in one transaction. */
  readonly batchBytes: number;
  /** Longest that an event waits for others to share its transaction, milliseconds; an idle node waits for none. */
  readonly linger: number;
  /** Most events that one `read` answers. */
  readonly readEntries: number;
  /** Most followers at once, over all topics. */
  readonly followers: number;
}

export const LOG_LIMITS: LogLimits = {
  queuedEntries: 65_536,
  queuedBytes: 64 * 1024 * 1024,
  batchEntries: 1024,
  batchBytes: 8 * 1024 * 1024,
  linger: 2,
  readEntries: 1000,
  followers: 1000,
};

export interface TopicLogsOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  /** Id of the group: checkpoints' origin is `<group>/<topic>`. */
  readonly group: string;
  /** Signs checkpoints: Ed25519, under the name `signerName` (C2SP signed-note). */
  readonly signer: Signer;
  readonly signerName: string;
  readonly limits?: Partial<LogLimits>;
  /** Hears of listeners that threw: an event is durable by then, so nobody else can. */
  readonly onListenerError?: (error: unknown) => void;
}

/** A topic's log at one size. */
export interface TopicHead {
  readonly topic: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Hears of an append: the offset once durable, or why nothing was kept. */
export type AppendDone = (error: unknown, offset: number) => void;

interface Append extends Change {
  readonly topic: string;
  readonly draft: DraftEvent | undefined;
  readonly alongside: (() => void) | undefined;
  readonly done: AppendDone;
  offset: number;
}

interface OpenLog {
  /** Durable size. The tree may be ahead of it only inside of a commit. */
  size: number;
  tree: LogTree;
  readonly followers: Set<Follower>;
  note: { size: number; text: string } | undefined;
}

const PREFIX = "topic/";
/** Subtrees below this level are hashed anew from their leaves when a proof wants one: storing them would cost a row an event. */
const LOWEST_STORED = 3;
const decoder = new TextDecoder();

/**
 * The topic logs of one group.
 *
 * @example
 * ```ts
 * const logs = new TopicLogs({ store: new LogStore(db), clock, group, signer, signerName: did });
 * const offset = await logs.append("acme/things", maker.make({ principal, path, payload }));
 * for await (const { event } of logs.follow("acme/things", 0, { signal })) console.log(event.data);
 * ```
 */
export class TopicLogs {
  readonly #options: TopicLogsOptions;
  readonly #store: LogStore;
  readonly #limits: LogLimits;
  readonly #commit: GroupCommit<Append>;
  readonly #open = new Map<string, OpenLog>();
  readonly #taps = new Set<(logged: LoggedEvent) => void>();
  #followers = 0;
  #appended = 0;
  #failed = 0;

  constructor(options: TopicLogsOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#limits = { ...LOG_LIMITS, ...options.limits };
    this.#commit = new GroupCommit({
      commit: (items) => this.#write(items),
      entries: this.#limits.queuedEntries,
      bytes: this.#limits.queuedBytes,
      batch: this.#limits.batchEntries,
      batchBytes: this.#limits.batchBytes,
      linger: this.#limits.linger,
    });
  }

  /**
   * Appends an event; resolves with its offset once it survives a crash.
   *
   * @param alongside - changes in other stores of the same database, in the same transaction; it must not throw
   * @throws HansaError `events.busy`, `events.closed`, and of the store, `storage.disk-full`
   */
  append(topic: string, draft: DraftEvent, alongside?: () => void): Promise<number> {
    return new Promise((resolve, reject) => {
      this.enqueue(topic, draft, alongside, (error, offset) => (error === undefined ? resolve(offset) : reject(error)));
    });
  }

  /**
   * As `append`, with a callback instead of a promise: for transports, which do this for every message. `done` runs in the order of
   * the appends.
   *
   * @throws HansaError `events.busy`, `events.closed`
   */
  enqueue(topic: string, draft: DraftEvent, alongside: (() => void) | undefined, done: AppendDone): void {
    this.#commit.add(new PendingAppend(topic, draft, alongside, done));
  }

  /**
   * Runs changes of other stores of the same database within the next transaction: they share its `fsync` and its order.
   *
   * @param run - must not throw: all that shares the transaction would fail with it
   */
  durably(run: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const done: AppendDone = (error) => (error === undefined ? resolve() : reject(error));
      this.#commit.add(new PendingAppend("", undefined, run, done));
    });
  }

  #write(items: readonly Append[]): void {
    const batches = new Map<
      string,
      { open: OpenLog; entries: { time: number; body: Uint8Array; hash: Uint8Array }[] }
    >();
    const alongside: (() => void)[] = [];
    const time = this.#options.clock.now();
    try {
      for (const item of items) {
        if (item.alongside !== undefined) alongside.push(item.alongside);
        if (item.draft === undefined) continue;
        let batch = batches.get(item.topic);
        if (batch === undefined) {
          batch = { open: this.#log(item.topic), entries: [] };
          batches.set(item.topic, batch);
        }
        item.offset = batch.open.size + batch.entries.length;
        const { body } = item.draft;
        batch.entries.push({ time, body, hash: leafHash(body) });
      }
      this.#store.append(
        [...batches].map(([topic, { open, entries }]) => ({
          log: PREFIX + topic,
          entries,
          nodes: open.tree.append(entries.map(({ hash }) => hash)).nodes.filter(({ level }) => level >= LOWEST_STORED),
        })),
        alongside.length === 0
          ? undefined
          : () => {
              for (const run of alongside) run();
            },
      );
    } catch (error) {
      // The trees are ahead of the store now: from the store they are made anew.
      for (const [topic, { open }] of batches) open.tree = this.#treeOf(topic, open.size);
      this.#failed += items.length;
      throw error;
    }
    for (const { open, entries } of batches.values()) open.size += entries.length;
    for (const { topic, draft, offset } of items) {
      if (draft === undefined) continue;
      this.#appended++;
      this.#announce({ topic, offset, event: draft.event });
    }
  }

  #announce(logged: LoggedEvent): void {
    for (const listener of this.#taps) {
      try {
        listener(logged);
      } catch (error) {
        this.#options.onListenerError?.(error);
      }
    }
    const followers = this.#open.get(logged.topic)?.followers;
    if (followers !== undefined && followers.size > 0) for (const follower of followers) follower.push(logged);
  }

  #log(topic: string): OpenLog {
    let open = this.#open.get(topic);
    if (open === undefined) {
      const size = this.#store.size(PREFIX + topic);
      open = { size, tree: this.#treeOf(topic, size), followers: new Set(), note: undefined };
      this.#open.set(topic, open);
    }
    return open;
  }

  #treeOf(topic: string, size: number): LogTree {
    const log = PREFIX + topic;
    return new LogTree(
      (level, index) =>
        level < LOWEST_STORED ? this.#lowNode(log, level, index) : this.#store.node(log, level, index),
      size,
    );
  }

  #lowNode(log: string, level: number, index: number): Uint8Array | undefined {
    const width = 2 ** level;
    const hashes = this.#store.hashes(log, index * width, (index + 1) * width);
    return hashes.length === width ? treeHash(hashes) : undefined;
  }

  /**
   * Hears every durable event of every topic, synchronously and in the order of each log, before its publisher is answered. What
   * a listener throws is reported and changes nothing.
   *
   * @returns ends it
   */
  tap(listener: (logged: LoggedEvent) => void): () => void {
    this.#taps.add(listener);
    return () => this.#taps.delete(listener);
  }

  /** Names of topics that have a log, sorted. */
  topics(): string[] {
    return this.#store
      .logs()
      .filter((log) => log.startsWith(PREFIX))
      .map((log) => log.slice(PREFIX.length));
  }

  /** Number of durable events of a topic, which is the next offset. */
  size(topic: string): number {
    return this.#open.get(topic)?.size ?? this.#store.size(PREFIX + topic);
  }

  /** Events from an offset on, at most `limit` and the configured most. */
  read(topic: string, from: number, limit: number): LoggedEvent[] {
    return this.#store
      .read(PREFIX + topic, from, Math.min(limit, this.#limits.readEntries))
      .map(({ offset, body }) => ({ topic, offset, event: JSON.parse(decoder.decode(body)) as HansaEvent }));
  }

  /** Offset of the first event at or after a time, milliseconds. */
  offsetAtTime(topic: string, time: number): number {
    return this.#store.offsetAtTime(PREFIX + topic, time);
  }

  /**
   * Follows a topic: first what is in the log from `from` on, then what comes, each once and in order. A slow reader costs a
   * bounded buffer and reads the rest from disk.
   *
   * @throws HansaError `events.too-many`
   */
  async *follow(
    topic: string,
    from: number,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<LoggedEvent, void, undefined> {
    const { signal } = options;
    if (signal?.aborted) return;
    if (this.#followers >= this.#limits.followers)
      throw eventError("events.too-many", "too many readers follow topics", { limit: this.#limits.followers });
    const open = this.#log(topic);
    const follower = new Follower(
      { size: () => open.size, read: (offset, limit) => this.read(topic, offset, limit) },
      from,
    );
    const end = () => follower.end();
    this.#followers++;
    open.followers.add(follower);
    signal?.addEventListener("abort", end, { once: true });
    try {
      for (;;) {
        const logged = await follower.next();
        if (logged === undefined) return;
        yield logged;
      }
    } finally {
      signal?.removeEventListener("abort", end);
      open.followers.delete(follower);
      this.#followers--;
    }
  }

  /** Size and root of a topic's log. */
  head(topic: string): TopicHead {
    const open = this.#log(topic);
    return { topic, size: open.size, root: open.tree.root() };
  }

  /** The newest checkpoint of a topic: a signed note (C2SP signed-note, tlog-checkpoint). */
  checkpoint(topic: string): string {
    const open = this.#log(topic);
    if (open.note?.size !== open.size) {
      const { group, signer, signerName } = this.#options;
      const checkpoint = { origin: `${group}/${topic}`, size: open.size, root: open.tree.root() };
      open.note = { size: open.size, text: signCheckpoint(checkpoint, signerName, signer) };
    }
    return open.note.text;
  }

  /**
   * Proof that an event stands in the log under its newest checkpoint.
   *
   * @throws HansaError `events.offset`
   */
  inclusion(topic: string, offset: number): EventProof {
    const open = this.#log(topic);
    const entry =
      Number.isSafeInteger(offset) && offset >= 0 && offset < open.size
        ? this.#store.read(PREFIX + topic, offset, 1)[0]
        : undefined;
    if (entry?.offset !== offset)
      throw eventError("events.offset", `the log of ${topic} has no event at ${offset}`, {
        topic,
        offset,
        size: open.size,
      });
    return encodeEventProof(
      topic,
      entry.body,
      { index: offset, size: open.size, path: open.tree.inclusion(offset, open.size) },
      this.checkpoint(topic),
    );
  }

  /** Counts for metrics. */
  stats(): { appended: number; failed: number; waiting: number; commits: number; followers: number } {
    return {
      appended: this.#appended,
      failed: this.#failed,
      waiting: this.#commit.waiting,
      commits: this.#commit.commits,
      followers: this.#followers,
    };
  }

  /** Makes durable what waits, ends all followers, and takes nothing more. The store stays open. */
  close(): void {
    this.#commit.close();
    for (const { followers } of this.#open.values()) for (const follower of followers) follower.end();
  }
}

class PendingAppend implements Append {
  readonly topic: string;
  readonly draft: DraftEvent | undefined;
  readonly alongside: (() => void) | undefined;
  readonly done: AppendDone;
  readonly bytes: number;
  offset = -1;

  constructor(topic: string, draft: DraftEvent | undefined, alongside: (() => void) | undefined, done: AppendDone) {
    this.topic = topic;
    this.draft = draft;
    this.alongside = alongside;
    this.done = done;
    // What an entry costs beside its bytes, so that tiny ones cannot fill the memory either.
    this.bytes = (draft?.body.length ?? 0) + 256;
  }

  settle(error: unknown): void {
    this.done(error, this.offset);
  }
}
