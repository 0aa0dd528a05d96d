import type { Candidate } from "#ledger";
import type { Receipt } from "#protocol";

/** A transaction that was submitted here and has no outcome yet. */
export interface Waiting {
  readonly candidate: Candidate;
  readonly outcome: Promise<Receipt>;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
  /** Set with its outcome: bundles that still have it need not be sent again for it. */
  settled: boolean;
}
