import type { Candidate, Execution } from "#ledger";
import type { Receipt } from "#protocol";

/** How an engine fares. */
export interface EngineStatus {
  readonly kind: "solo";
  readonly state: "running" | "stopped" | "halted";
  readonly height: number;
  /** Transactions that wait to be ordered. */
  readonly waiting: number;
  /** Blocks and transactions since the start. */
  readonly blocks: number;
  readonly transactions: number;
  /** Blocks that could not be stored, since the start and since the last that could. */
  readonly failures: number;
  readonly failing: number;
}

/**
 * What puts transactions in order. Every engine drives the same ledger through `execute` and `commit`, and passes `engine.suite.ts`.
 */
export interface Engine {
  /** Begins the group where it has none yet, and takes transactions from then on. */
  start(): Promise<void>;
  /**
   * Orders a checked transaction. Resolves with its receipt once its block is durable.
   *
   * @throws HansaError `engine.busy`, `engine.stopped`, `engine.commit-failed`, `engine.halted`, `transaction.replayed`
   */
  submit(candidate: Candidate): Promise<Receipt>;
  /** Whether a transaction of this id waits to be ordered. */
  isPending(idText: string): boolean;
  /** Hears of every committed block, in order, right after its commit. The answer ends it. */
  onCommit(listener: (execution: Execution) => void): () => void;
  status(): EngineStatus;
  /** Orders what waits, then stops. */
  stop(): Promise<void>;
}
