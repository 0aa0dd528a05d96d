import type { Clock } from "#base";
import type { Ledger, SignatureCheck } from "#ledger";
import type { SnapshotCalls } from "./abci/snapshot-calls.ts";
import type { BundlerLimits } from "./bundler.ts";
import type { EngineProcess } from "./engine-process.ts";

export interface CometEngineOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Whether all of these signatures hold; may use threads. */
  readonly verify: (checks: readonly SignatureCheck[]) => Promise<boolean>;
  readonly process: EngineProcess;
  /** Whether a peer of this node id (40 hexadecimal digits) may be connected now. */
  readonly admits: (nodeId: string) => boolean;
  readonly snapshots?: SnapshotCalls;
  /** How many of CometBFT's own blocks stay for others to catch up from, at least; all where left out. */
  readonly retainBlocks?: number;
  /**
   * To be given where CometBFT has lost its blocks and the ledger has not: it fetches them anew from its peers, and the ledger says what came
   * of them. Called once CometBFT is where the ledger is.
   */
  readonly regained?: (() => void) | undefined;
  /** Most transactions that wait. */
  readonly waiting?: number;
  /** How long `stop` waits for what waits, milliseconds. */
  readonly stopDelay?: number;
  readonly bundles?: Partial<BundlerLimits>;
  /** Hears why the engine halted, a block could not be stored, or a listener or the certifier failed. */
  readonly onFailure?: (error: unknown) => void;
}
