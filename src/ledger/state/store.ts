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

export interface StateStore {
  head(): { height: number; time: number; header: Uint8Array; certificate: Uint8Array } | undefined;
  /** All records by slot, deleted ones included. */
  leaves(): IterableIterator<StoredRecord>;
  read(slot: number): Uint8Array | null | undefined;
  /** Value as of the end of block `height`; undefined: not there yet. */
  readAt(slot: number, height: number): Uint8Array | null | undefined;
  versions(slot: number): readonly { readonly height: number; readonly value: Uint8Array | null }[];
  /** Durable when it returns. */
  commit(batch: CommitBatch): void;
  /** Replaces a block's certificate: votes arrive after the block. A height that is not there changes nothing. */
  setCertificate(height: number, certificate: Uint8Array): void;
  block(height: number): StoredBlock | undefined;
  lowestHeight(): number | undefined;
  findTransaction(id: Uint8Array): Place | undefined;
  restoreSnapshot(records: Iterable<StoredRecord>, head: StoredBlock): void;
}
