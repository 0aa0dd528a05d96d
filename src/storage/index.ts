export * from "./backup.ts";
export { Database, type OpenOptions, openDatabase, rekey, SCHEMA_VERSION } from "./database.ts";
export * from "./errors.ts";
export { type FactBlock, FactIndex } from "./fact-index.ts";
export { type CommitBatch, GroupStore, type Head, type StoredBlock } from "./group-store.ts";
export type { Place } from "./id-index.ts";
export * from "./key-value-store.ts";
export * from "./log-store.ts";
export { MAX_VALUE_BYTES, type StoredRecord, type Version } from "./record-log.ts";
export {
  type ChunkPile,
  MAX_CHUNK_BYTES,
  MAX_CHUNKS,
  MAX_SNAPSHOTS,
  type SnapshotDraft,
  SnapshotFiles,
  type SnapshotFilesOptions,
  type SnapshotName,
  type StoredSnapshot,
} from "./snapshot-files.ts";
export { MAX_WALLET_VALUE_BYTES, WalletEntries } from "./wallet-store.ts";
