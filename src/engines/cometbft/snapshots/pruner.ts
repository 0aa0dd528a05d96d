import type { Ledger } from "#ledger";

export interface PrunerOptions {
  readonly ledger: Ledger;
  /** How many of the youngest blocks keep their transactions and receipts, at least 1. */
  readonly keepBlocks: number;
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Keeps the content of the youngest blocks alone, in slices between which blocks are committed.
 *
 * @example
 * ```ts
 * const pruner = new Pruner({ ledger, keepBlocks: 100_000 });
 * engine.onCommit(() => pruner.committed());
 * ```
 */
export class Pruner {
  readonly #options: PrunerOptions;
  #work: Promise<void> | undefined;
  #stopped = false;

  constructor(options: PrunerOptions) {
    this.#options = options;
  }

  /** Hears that a block became durable. A sixteenth of what is kept may be too much, so that not every block costs a removal. */
  committed(): void {
    const { ledger, keepBlocks } = this.#options;
    const kept = ledger.height - ledger.lowestHeight + 1;
    if (this.#work !== undefined || this.#stopped || kept <= keepBlocks + Math.floor(keepBlocks / 16)) return;
    this.#work = this.#prune(ledger.height - Math.max(1, keepBlocks) + 1)
      .catch((error: unknown) => this.#options.onFailure?.(error))
      .then(() => {
        this.#work = undefined;
      });
  }

  /** Resolves once nothing is being removed. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  async #prune(below: number): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (!this.#stopped && this.#options.ledger.prune(below));
  }
}
