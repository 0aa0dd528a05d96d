/** Where snapshots are kept. `storage` implements this without knowing of it. */

/** Height of CometBFT's that a snapshot stands at, and its encoding. */
export interface SnapshotName {
  readonly height: number;
  readonly format: number;
}

export interface StoredSnapshot extends SnapshotName {
  readonly chunks: number;
  readonly hash: Uint8Array;
  readonly metadata: Uint8Array;
}

/** Chunks that are being gathered; one `add` at a time. */
export interface ChunkPile {
  readonly size: number;
  add(chunk: Uint8Array): Promise<void>;
  chunks(): Iterable<Uint8Array>;
  discard(): Promise<void>;
}

/** A snapshot of one's own in the making: listed and durable once it is kept. */
export interface SnapshotDraft extends ChunkPile {
  keep(what: { readonly hash: Uint8Array; readonly metadata: Uint8Array }): Promise<void>;
}

export interface SnapshotStore {
  /** Whole ones, newest first. */
  list(): readonly StoredSnapshot[];
  /** A peer was told of it: it stays for long enough to be fetched, as it does while its chunks are loaded. */
  lend(name: SnapshotName): void;
  load(name: SnapshotName, index: number): Promise<Uint8Array | undefined>;
  begin(name: SnapshotName): Promise<SnapshotDraft>;
  /** For a peer's chunks: gone when the process ends. */
  receive(): Promise<ChunkPile>;
}
