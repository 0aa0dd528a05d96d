import { BoundedQueue, type Clock, deferred, encodeBase64Url } from "#base";
import { encodeMultikey, type Signer } from "#crypto";
import type { Candidate, Execution, Ledger } from "#ledger";
import { type Certificate, headerInput, type Receipt, type SignedHeader, transactionError } from "#protocol";
import type { Engine, EngineStatus } from "../engine.ts";
import { engineError } from "../errors.ts";

export interface SoloOptions {
  readonly ledger: Ledger;
  /** The key that the genesis names: it signs every header. */
  readonly signer: Signer;
  readonly clock: Clock;
  /** Most transactions and bytes of a block. */
  readonly blockTransactions?: number;
  readonly blockBytes?: number;
  /** How long the first of a block waits for others, milliseconds. */
  readonly blockDelay?: number;
  /** Most transactions that wait. */
  readonly waiting?: number;
  /** Hears why the engine halted, a block could not be stored, or a listener failed. */
  readonly onFailure?: (error: unknown) => void;
}

interface Waiting {
  readonly candidate: Candidate;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Orders locally: one node, one key, no quorum. A block is cut when enough wait or the first has waited long enough; it is
 * executed, signed and committed in one go, and only then do its clients hear of it.
 */
export class SoloEngine implements Engine {
  readonly #options: Required<Omit<SoloOptions, "onFailure">> & Pick<SoloOptions, "onFailure">;
  readonly #queue: BoundedQueue<Waiting>;
  readonly #pending = new Map<string, { readonly text: string; readonly outcome: Promise<Receipt> }>();
  readonly #listeners = new Set<(execution: Execution) => void>();
  readonly #key: string;
  #state: EngineStatus["state"] = "stopped";
  #timer: (() => void) | undefined;
  /** While a block is made, whatever a listener submits waits for the next one. */
  #cutting = false;
  #waitingBytes = 0;
  #blocks = 0;
  #transactions = 0;
  #failures = 0;
  #failing = 0;

  constructor(options: SoloOptions) {
    this.#options = { blockTransactions: 1000, blockBytes: 4 << 20, blockDelay: 2, waiting: 20_000, ...options };
    this.#queue = new BoundedQueue(this.#options.waiting);
    this.#key = encodeMultikey({ algorithm: options.signer.algorithm, bytes: options.signer.publicKey });
    const { engine } = options.ledger.genesis;
    if (engine.kind !== "solo" || this.#key !== engine.key)
      throw engineError("engine.wrong-key", "the engine's key is not the genesis's", {
        wanted: engine.kind === "solo" ? engine.key : engine.kind,
      });
  }

  async start(): Promise<void> {
    const { ledger } = this.#options;
    if (ledger.head === undefined) {
      const execution = ledger.executeGenesis();
      this.#commit(execution);
      this.#tell(execution);
    }
    this.#state = "running";
  }

  submit(candidate: Candidate): Promise<Receipt> {
    const { idText, text } = candidate.transaction;
    if (this.#state !== "running")
      return Promise.reject(
        engineError(this.#state === "halted" ? "engine.halted" : "engine.stopped", `the engine is ${this.#state}`),
      );
    const twin = this.#pending.get(idText);
    if (twin !== undefined) {
      // The same bytes again are the same request: both callers hear of its one outcome.
      if (twin.text === text) return twin.outcome;
      return Promise.reject(transactionError("transaction.replayed", "another transaction with this `jti` is waiting"));
    }
    const { promise, resolve, reject } = deferred<Receipt>();
    if (!this.#queue.push({ candidate, resolve, reject }))
      return Promise.reject(
        engineError("engine.busy", `${this.#queue.limit} transactions wait already`, { limit: this.#queue.limit }),
      );
    this.#pending.set(idText, { text, outcome: promise });
    this.#waitingBytes += candidate.bytes.length;
    this.#schedule();
    return promise;
  }

  isPending(idText: string): boolean {
    return this.#pending.has(idText);
  }

  onCommit(listener: (execution: Execution) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async certified(height: number): Promise<SignedHeader> {
    return requireBlock(this.#options.ledger, height);
  }

  status(): EngineStatus {
    return {
      kind: "solo",
      state: this.#state,
      height: this.#options.ledger.height,
      waiting: this.#queue.size,
      blocks: this.#blocks,
      transactions: this.#transactions,
      failures: this.#failures,
      failing: this.#failing,
    };
  }

  async stop(): Promise<void> {
    // Asked by a listener, the block at hand is finished first.
    if (this.#cutting) await undefined;
    while (this.#state === "running" && this.#queue.size > 0) this.#cut();
    this.#timer?.();
    this.#timer = undefined;
    if (this.#state === "running") this.#state = "stopped";
  }

  #schedule(): void {
    if (this.#cutting || this.#queue.size === 0) return;
    const full = this.#queue.size >= this.#options.blockTransactions || this.#waitingBytes >= this.#options.blockBytes;
    if (full) {
      this.#timer?.();
      this.#timer = undefined;
      this.#cut();
    } else if (this.#timer === undefined) {
      this.#timer = this.#options.clock.after(this.#options.blockDelay, () => {
        this.#timer = undefined;
        this.#cut();
      });
    }
  }

  /** Makes one block of what waits, and sees to the rest. */
  #cut(): void {
    if (this.#state !== "running" || this.#cutting) return;
    const batch = this.#takeBatch();
    if (batch.length === 0) return;
    this.#cutting = true;
    try {
      this.#makeBlock(batch);
    } finally {
      this.#cutting = false;
    }
    this.#schedule();
  }

  #makeBlock(batch: readonly Waiting[]): void {
    const { ledger, clock } = this.#options;
    const head = ledger.head?.header;
    const after = (head?.time ?? 0) + 1;
    const now = clock.now();
    let execution: Execution;
    try {
      execution = ledger.execute({
        height: ledger.height + 1,
        // Block time never stands still or goes back, whatever the machine's clock does.
        time: Math.max(now, after),
        transactions: batch.map(({ candidate }) => candidate.bytes),
      });
    } catch (error) {
      this.#halt(batch, error);
      return;
    }
    try {
      this.#commit(execution);
    } catch (error) {
      this.#failures++;
      this.#failing++;
      this.#report(error);
      const failure = engineError("engine.commit-failed", "the block could not be stored", {}, error);
      this.#settle(batch, ({ reject }) => reject(failure));
      return;
    }
    this.#transactions += batch.length;
    this.#failing = 0;
    this.#tell(execution);
    this.#settle(batch, ({ resolve }, index) => resolve(execution.receipts[index] as Receipt));
  }

  #takeBatch(): Waiting[] {
    const { blockTransactions, blockBytes } = this.#options;
    const batch: Waiting[] = [];
    let bytes = 0;
    while (batch.length < blockTransactions) {
      const next = this.#queue.peek();
      if (next === undefined || (batch.length > 0 && bytes + next.candidate.bytes.length > blockBytes)) break;
      this.#queue.shift();
      bytes += next.candidate.bytes.length;
      batch.push(next);
    }
    this.#waitingBytes -= bytes;
    return batch;
  }

  #commit(execution: Execution): void {
    const signature = encodeBase64Url(this.#options.signer.sign(headerInput(execution.encodedHeader)));
    const certificate: Certificate = { engine: "solo", key: this.#key, signature };
    this.#options.ledger.commit(execution, certificate);
    this.#blocks++;
  }

  /** The block stands by now: a listener's fault must not make it look as if it did not. */
  #tell(execution: Execution): void {
    for (const listener of this.#listeners)
      try {
        listener(execution);
      } catch (error) {
        this.#report(error);
      }
  }

  #report(error: unknown): void {
    try {
      this.#options.onFailure?.(error);
    } catch {
      // Whoever hears of failures may fail, too; ordering goes on.
    }
  }

  #settle(batch: readonly Waiting[], answer: (waiting: Waiting, index: number) => void): void {
    batch.forEach((waiting, index) => {
      this.#pending.delete(waiting.candidate.transaction.idText);
      answer(waiting, index);
    });
  }

  #halt(batch: readonly Waiting[], cause: unknown): void {
    this.#state = "halted";
    this.#report(cause);
    const error = engineError("engine.halted", "executing a block failed", {}, cause);
    this.#settle([...batch, ...this.#queue.take(this.#queue.limit)], ({ reject }) => reject(error));
    this.#waitingBytes = 0;
  }
}

function requireBlock(ledger: Ledger, height: number): SignedHeader {
  if (ledger.head?.header.height === height) return ledger.head;
  const block = ledger.block(height);
  if (block === undefined) throw engineError("engine.unknown-height", `there is no block ${height}`, { height });
  return { header: block.header, certificate: block.certificate };
}
