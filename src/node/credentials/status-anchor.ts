import type { Clock } from "#base";
import type { Operation } from "#protocol";
import { describe, type Log } from "../log.ts";
import type { StatusLists } from "./status-lists.ts";

/** How often changed lists are anchored, milliseconds: all changes in between are one version. */
const INTERVAL = 2000;
/** Lists of one transaction. */
const BATCH = 50;

export interface StatusAnchorOptions {
  readonly lists: StatusLists;
  readonly clock: Clock;
  readonly log: Log;
  /** The version of a list that the ledger has; 0: none. */
  readonly published: (list: string) => number;
  /** Whether the member may publish: else there is nothing to try. */
  readonly may: () => boolean;
  /** Sends operations in the member's name, and answers once they are executed. */
  readonly send: (operations: readonly Operation[]) => Promise<unknown>;
}

/** Tells the ledger what this node's status lists hold: version and digest, in batches, never the lists themselves. */
export class StatusAnchor {
  readonly #options: StatusAnchorOptions;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(options: StatusAnchorOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock } = this.#options;
    const look = () => {
      this.#cancel = clock.after(INTERVAL, () => {
        void this.anchor().then(() => {
          if (!this.#stopped) look();
        });
      });
    };
    look();
  }

  /** What is under way is not waited for: the engine may be waiting for others. The next start looks at what the ledger has. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** Anchors what changed since. What fails is logged, and tried again with the next look. */
  async anchor(): Promise<void> {
    const { lists, log, may, published, send } = this.#options;
    try {
      if (!may()) return;
      // A node that ended between the ledger's answer and its note of it would send the same for ever.
      for (const { id } of lists.unanchored(BATCH)) lists.noteAnchored(id, published(id));
      const changed = lists.unanchored(BATCH);
      if (changed.length === 0) return;
      const versions = changed.map(({ id, url, purpose, version }) => {
        const bits = lists.bits(id);
        return { id, url, purpose, version, size: bits.size, digest: bits.root() };
      });
      await send(
        versions.map(({ id, url, purpose, version, size, digest }) => ({
          op: "statuses.publish",
          args: { list: id, kind: "bitstring", purpose, bits: 1, size, version, digest, uri: url },
        })),
      );
      if (this.#stopped) return;
      for (const { id, version } of versions) lists.noteAnchored(id, version);
    } catch (error) {
      if (!this.#stopped)
        log.warn({ cause: describe(error) }, "status lists were not anchored; the next look tries again");
    }
  }
}
