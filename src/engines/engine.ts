import type { Candidate, Execution } from "#ledger";
import type { Receipt, SignedHeader } from "#protocol";

/** How an engine fares. */
export interface EngineStatus {
  readonly kind: "solo" | "cometbft";
  readonly state: "running" | "stopped" | "halted";
  /** Of the ledger. */
  readonly height: number;
  /** Transactions that wait to be ordered. */
  readonly waiting: number;
  /** Blocks and transactions since the start. */
  readonly blocks: number;
  readonly transactions: number;
  /** Blocks that could not be stored, since the start and since the last that could. */
  readonly failures: number;
  readonly failing: number;
  /** Engines with a quorum alone. */
  readonly consensus?: ConsensusStatus;
}

/** How consensus fares as this node sees it. */
export interface ConsensusStatus {
  /** Whether the engine's process runs and answers. */
  readonly up: boolean;
  /** Whether it still fetches what the others have. */
  readonly catchingUp: boolean;
  /** Height of the engine's own blocks, empty ones included, and the round that is under way. */
  readonly block: number;
  readonly round: number;
  /** This node's id, and those of connected peers. */
  readonly node: string;
  readonly peers: readonly string[];
  /** Whether this node votes. */
  readonly validator: boolean;
  /** Bundles in the engine's pool. */
  readonly pool: number;
  /** Milliseconds between the last two blocks; 0 where there are none. */
  readonly blockInterval: number;
  /** Times that the engine's process was started anew since this node's start. */
  readonly restarts: number;
  /** Why it does not answer, where that is known. */
  readonly problem?: { readonly kind: string; readonly meaning: string; readonly advice: string };
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
  /**
   * The header of a block with all that vouches for it: at once under `solo`, once the next block has its votes under engines with a
   * quorum.
   *
   * @throws HansaError `engine.unknown-height`, `engine.stopped`
   */
  certified(height: number): Promise<SignedHeader>;
  status(): EngineStatus;
  /** Orders what waits, then stops. */
  stop(): Promise<void>;
}
