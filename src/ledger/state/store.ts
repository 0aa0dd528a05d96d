/** Where a ledger's records and blocks are kept. `storage` implements this without knowing of it; so does `MemoryStore`. */

/** A record in its slot, counted from 0; `value` null: deleted. */
export interface StoredRecord {
  readonly slot: number;
  readonly key: string;
  readonly value: Uint8Array | null;
}

export interface StoredBlock {
  readonly height: number;
  readonly time: number;
  readonly header: Uint8Array;
  readonly certificate: Uint8Array;
  readonly transactions: readonly Uint8Array[];
  readonly receipts: readonly Uint8Array[];
}

/** All that one block changes: kept together or not at all. */
export interface CommitBatch {
  readonly block: StoredBlock;
  readonly records: readonly StoredRecord[];
  readonly ids: readonly { readonly id: Uint8Array; readonly index: number }[];
}

/** Where a transaction stands. */
export interface Place {
  readonly height: number;
  readonly index: number;
}

/** A block without its content. */
export type StoredHeader = Pick<StoredBlock, "height" | "time" | "header" | "certificate">;

export interface StateStore {
  head(): StoredHeader | undefined;
  /** All records by slot, deleted ones included. */
  leaves(): IterableIterator<StoredRecord>;
  /**
   * Records by slot as of the end of block `height`, from slot `from` on: at most `limit`, fewer where they are large, none where
   * no more slots existed then. Commits may come between two calls.
   */
  leavesAt(height: number, from: number, limit: number): readonly StoredRecord[];
  read(slot: number): Uint8Array | null | undefined;
  /** Value as of the end of block `height`; undefined: not there yet. */
  readAt(slot: number, height: number): Uint8Array | null | undefined;
  versions(slot: number): readonly { readonly height: number; readonly value: Uint8Array | null }[];
  /** Durable when it returns. */
  commit(batch: CommitBatch): void;
  /** Replaces a block's certificate: votes arrive after the block. A height that is not there changes nothing. */
  setCertificate(height: number, certificate: Uint8Array): void;
  block(height: number): StoredBlock | undefined;
  /** A block without its content: all are there from `firstHeight` on, pruned ones too. */
  header(height: number): StoredHeader | undefined;
  /** Block that the store began with: the genesis, or that of a snapshot. */
  firstHeight(): number | undefined;
  /** Oldest block whose content is there. */
  lowestHeight(): number | undefined;
  /**
   * Removes a slice of the content of blocks below a height, and ids whose expiry (seconds) is at most `expired`. The newest block
   * stays whole.
   *
   * @returns whether there is more to remove
   */
  prune(below: number, expired: number): boolean;
  findTransaction(id: Uint8Array): Place | undefined;
  /** Fills an empty store, all or nothing, also where `records` throws. */
  restoreSnapshot(records: Iterable<StoredRecord>, head: StoredBlock): void;
}
