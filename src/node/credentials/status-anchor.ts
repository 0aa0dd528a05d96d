import type { Clock } from "#base";
import { HansaError } from "#base";
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
  /** Whether the member may publish: else there is nothing to try. */
  readonly may: () => boolean;
  /** Sends operations in the member's name, and answers once they are executed. */
  readonly send: (operations: readonly Operation[]) => Promise<{ readonly code: number; readonly error?: unknown }>;
}

/** Tells the ledger what this node's status lists hold: version and digest, in batches, never the lists themselves. */
export class StatusAnchor {
  readonly #options: StatusAnchorOptions;
  #stop: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: StatusAnchorOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock } = this.#options;
    const look = () => {
      this.#stop = clock.after(INTERVAL, () => {
        this.#running = this.anchor().then(look);
      });
    };
    look();
  }

  /** Waits for the batch that is under way. */
  async stop(): Promise<void> {
    this.#stop?.();
    await this.#running;
    this.#stop?.();
  }

  /** Anchors what changed since. What fails is logged, and tried again with the next look. */
  async anchor(): Promise<void> {
    const { lists, log, may, send } = this.#options;
    try {
      if (!may()) return;
      const changed = lists.unanchored(BATCH);
      if (changed.length === 0) return;
      const versions = changed.map(({ id, url, purpose, version }) => {
        const bits = lists.bits(id);
        return { id, url, purpose, version, size: bits.size, digest: bits.root() };
      });
      const receipt = await send(
        versions.map(({ id, url, purpose, version, size, digest }) => ({
          op: "statuses.publish",
          args: { list: id, kind: "bitstring", purpose, bits: 1, size, version, digest, uri: url },
        })),
      );
      if (receipt.code !== 0) throw receiptError(receipt.error);
      for (const { id, version } of versions) lists.noteAnchored(id, version);
    } catch (error) {
      log.warn({ cause: describe(error) }, "status lists were not anchored; the next look tries again");
    }
  }
}

function receiptError(error: unknown): HansaError {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return new HansaError(code ?? "http.internal", message ?? "the anchor was refused");
}
