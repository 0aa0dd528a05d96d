/** Puts the roots of topic logs on the ledger, about once a second: its cost grows with the topics that moved, not with events. */
import { type Clock, encodeBase64Url } from "#base";
import type { TopicHead } from "./topic-logs.ts";

/** Most checkpoints of one `topics.anchor` operation. */
export const MAX_ANCHORED = 256;

/** As `topics.anchor` takes it; the root in base64url. */
export interface AnchorCheckpoint {
  readonly topic: string;
  readonly size: number;
  readonly root: string;
}

/** What the anchor reads of the logs: `TopicLogs` has it. */
export interface AnchoredLogs {
  topics(): string[];
  size(topic: string): number;
  head(topic: string): TopicHead;
}

export interface CheckpointAnchorOptions {
  readonly logs: AnchoredLogs;
  readonly clock: Clock;
  /** Submits one operation; resolves once it stands on the ledger. */
  readonly anchor: (checkpoints: AnchorCheckpoint[]) => Promise<void>;
  /** Size that the ledger has of a topic, where the node knows: what was anchored before a restart is not anchored again. */
  readonly anchored?: (topic: string) => number | undefined;
  /** Only these topics are this node's to anchor; all by default. */
  readonly mine?: (topic: string) => boolean;
  /** Milliseconds between looks, 1000 by default. */
  readonly interval?: number;
  readonly onError?: (error: unknown) => void;
}

/**
 * Anchors checkpoints while it runs. One call of `anchor` at a time; what fails is tried again at the next look.
 *
 * @example
 * ```ts
 * const anchor = new CheckpointAnchor({ logs, clock, anchor: (checkpoints) => submit("topics.anchor", { checkpoints }) });
 * anchor.start();
 * anchor.stop();
 * ```
 */
export class CheckpointAnchor {
  readonly #options: CheckpointAnchorOptions;
  readonly #anchored = new Map<string, number>();
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;
  #calls = 0;
  #failures = 0;
  #checkpoints = 0;

  constructor(options: CheckpointAnchorOptions) {
    this.#options = options;
  }

  /** Begins to look; a second call does nothing. */
  start(): void {
    if (this.#cancel === undefined && !this.#stopped) this.#arm();
  }

  #arm(): void {
    this.#cancel = this.#options.clock.after(this.#options.interval ?? 1000, () => {
      if (this.#stopped) return;
      this.#arm();
      void this.look();
    });
  }

  /** Anchors what grew since the last time. While a look is under way, it is that one. */
  look(): Promise<void> {
    this.#running ??= this.#look().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #look(): Promise<void> {
    const grown = this.#grown();
    for (let i = 0; i < grown.length; i += MAX_ANCHORED) {
      const some = grown.slice(i, i + MAX_ANCHORED);
      this.#calls++;
      try {
        await this.#options.anchor(some);
      } catch (error) {
        this.#failures++;
        // There is no next look, and an engine that stops says of all that waited that it did.
        if (!this.#stopped) this.#options.onError?.(error);
        // The ledger is out of reach or refuses: more of the same would not help it.
        return;
      }
      this.#checkpoints += some.length;
      for (const { topic, size } of some) this.#anchored.set(topic, size);
      // What the rest would be submitted to is being closed.
      if (this.#stopped) return;
    }
  }

  #grown(): AnchorCheckpoint[] {
    const { logs, anchored, mine } = this.#options;
    const grown: AnchorCheckpoint[] = [];
    for (const topic of logs.topics()) {
      if (mine !== undefined && !mine(topic)) continue;
      const before = Math.max(this.#anchored.get(topic) ?? 0, anchored?.(topic) ?? 0);
      if (logs.size(topic) <= before) continue;
      const { size, root } = logs.head(topic);
      grown.push({ topic, size, root: encodeBase64Url(root) });
    }
    return grown;
  }

  /** Counts for metrics. */
  stats(): { calls: number; failures: number; checkpoints: number } {
    return { calls: this.#calls, failures: this.#failures, checkpoints: this.#checkpoints };
  }

  /**
   * Stops for good. What is under way is not waited for: without a quorum its answer never comes. The next start looks at what the ledger has,
   * and anchors the rest.
   */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }
}
