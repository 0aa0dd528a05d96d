import {
  type RequestApplySnapshotChunk,
  type RequestLoadSnapshotChunk,
  type RequestOfferSnapshot,
  type ResponseApplySnapshotChunk,
  ResponseApplySnapshotChunk_Result,
  type ResponseListSnapshots,
  type ResponseLoadSnapshotChunk,
  type ResponseOfferSnapshot,
  ResponseOfferSnapshot_Result,
} from "cosmjs-types/tendermint/abci/types";

/**
 * The four calls of ABCI by which a fresh node gets state from peers. What throws here is a fault of ours and halts the engine: refusing a
 * snapshot or a chunk is an answer, not an error.
 */
export interface SnapshotCalls {
  /** What this node offers to peers, at most 10. */
  list(): Promise<ResponseListSnapshots>;
  /** One chunk of one's own snapshot; empty where there is none of this name. */
  load(request: RequestLoadSnapshotChunk): Promise<ResponseLoadSnapshotChunk>;
  /** A peer's snapshot, with the app hash that the light client found for its height. */
  offer(request: RequestOfferSnapshot): Promise<ResponseOfferSnapshot>;
  /** The next chunk of the snapshot that was accepted last. After the last one the ledger is restored: `Info` answers its height. */
  apply(request: RequestApplySnapshotChunk): Promise<ResponseApplySnapshotChunk>;
  /** Lowest of the engine's blocks that a node needs that begins from what is offered; `undefined`: it needs them all. */
  lowestNeeded(): number | undefined;
}

/** Offers nothing and takes nothing. */
export const NO_SNAPSHOTS: SnapshotCalls = {
  list: async () => ({ snapshots: [] }),
  load: async () => ({ chunk: new Uint8Array() }),
  offer: async () => ({ result: ResponseOfferSnapshot_Result.ABORT }),
  apply: async () => ({ result: ResponseApplySnapshotChunk_Result.ABORT, refetchChunks: [], rejectSenders: [] }),
  lowestNeeded: () => undefined,
};
