import { equalBytes, isHansaError } from "#base";
import type { Ledger } from "#ledger";
import { encodeHeader, hashHeader, type SignedHeader } from "#protocol";
import type { ChunkPile, StoredSnapshot } from "./snapshot-store.ts";
import {
  CHUNK_BYTES,
  chunksInMetadata,
  decodeRecords,
  hashChunk,
  hashInMetadata,
  hashSnapshot,
  readOpening,
} from "./snapshot-stream.ts";

/** What a chunk was: `bad`: not the one that the snapshot names, so its sender lies or a line is noisy; `lie`: the snapshot itself. */
export type Outcome = "taken" | "restored" | "bad" | "lie";

/** Faults of the snapshot's maker; anything else that goes wrong is ours. */
const LIES = new Set(["ledger.root-mismatch", "ledger.genesis-mismatch", "engine.snapshot-malformed"]);

/** Whether a peer's offer is well-formed in itself. Whether it is true shows in its chunks. */
export function isSound({ height, chunks, hash, metadata }: StoredSnapshot): boolean {
  return (
    Number.isSafeInteger(height) &&
    height >= 1 &&
    chunksInMetadata(metadata) === chunks &&
    equalBytes(hash, hashSnapshot(height, metadata))
  );
}

/**
 * A peer's snapshot while its chunks come in. Nothing of it is believed: each chunk is held against the hash that the metadata names,
 * the header against the app hash that CometBFT's light client found, and all records against the header.
 */
export class ReceivedSnapshot {
  readonly #ledger: Ledger;
  readonly #offered: StoredSnapshot;
  readonly #appHash: string;
  readonly #pile: ChunkPile;
  #signed: SignedHeader | undefined;

  /** @param appHash - base64url, of the state after the block `offered.height` */
  constructor(ledger: Ledger, offered: StoredSnapshot, appHash: string, pile: ChunkPile) {
    this.#ledger = ledger;
    this.#offered = offered;
    this.#appHash = appHash;
    this.#pile = pile;
  }

  /** Index of the chunk that is wanted next. */
  get next(): number {
    return this.#pile.size;
  }

  /**
   * Takes the next chunk; the last one restores the ledger.
   *
   * @throws HansaError where this node fails, such as `storage.disk-full`
   */
  async take(chunk: Uint8Array): Promise<Outcome> {
    const { chunks, metadata } = this.#offered;
    const index = this.next;
    const last = index === chunks - 1;
    const named = hashInMetadata(metadata, index);
    if (named === undefined || !equalBytes(hashChunk(chunk), named)) return "bad";
    const fits = last ? chunk.length > 0 && chunk.length <= CHUNK_BYTES : chunk.length === CHUNK_BYTES;
    if (!fits) return "lie";
    if (index === 0) {
      const signed = this.#readHeader(chunk);
      if (signed === undefined) return "lie";
      this.#signed = signed;
    }
    await this.#pile.add(chunk);
    return last ? this.#restore() : "taken";
  }

  discard(): Promise<void> {
    return this.#pile.discard();
  }

  /** The header, if it is the one that a quorum vouches for; its votes are fetched later, as for any other block. */
  #readHeader(chunk: Uint8Array): SignedHeader | undefined {
    try {
      const { header, block } = readOpening(chunk);
      const vouched =
        block === this.#offered.height &&
        hashHeader(encodeHeader(header)) === this.#appHash &&
        header.group === this.#ledger.group.id;
      return vouched ? { header, certificate: { engine: "cometbft", block } } : undefined;
    } catch (error) {
      if (isHansaError(error, "engine.snapshot-malformed")) return undefined;
      throw error;
    }
  }

  #restore(): Outcome {
    const signed = this.#signed;
    if (signed === undefined) return "lie";
    try {
      const pile = this.#pile;
      // Read again for each pass: the chunks together may be larger than memory.
      this.#ledger.restore(signed, { [Symbol.iterator]: () => decodeRecords(pile.chunks()) });
      return "restored";
    } catch (error) {
      if (isHansaError(error) && LIES.has(error.code)) return "lie";
      throw error;
    }
  }
}
