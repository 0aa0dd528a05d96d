/** What others still need of the engine's blocks. */
export interface Needed {
  /** Height of the engine's block that was committed last. */
  readonly block: number;
  /** How many of the youngest blocks stay in any case. */
  readonly keep: number;
  /** `Snapshots.lowestNeeded`. */
  readonly snapshot: number | undefined;
  /** The engine's block of the oldest block of the ledger whose certificate has no votes yet. */
  readonly uncertified?: number | undefined;
}

/**
 * Lowest height of the engine's blocks that must stay; 0: all of them. What a fresh node needs behind a snapshot, and the votes for
 * what is not certified, are kept however old they are. Where there is no snapshot, a fresh node needs every block.
 */
export function retainHeight({ block, keep, snapshot, uncertified }: Needed): number {
  if (snapshot === undefined) return 0;
  return Math.max(0, Math.min(block - Math.max(1, keep) + 1, snapshot, uncertified ?? block));
}
