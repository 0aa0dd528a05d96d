import {
  ResponseApplySnapshotChunk_Result as ApplyResult,
  ResponseOfferSnapshot_Result as OfferResult,
  type RequestApplySnapshotChunk,
  type RequestLoadSnapshotChunk,
  type RequestOfferSnapshot,
  type ResponseApplySnapshotChunk,
  type ResponseListSnapshots,
  type ResponseLoadSnapshotChunk,
  type ResponseOfferSnapshot,
} from "cosmjs-types/tendermint/abci/types";
import { encodeBase64Url } from "#base";
import type { Ledger } from "#ledger";
import type { SignedHeader } from "#protocol";
import { engineError } from "../../errors.ts";
import type { SnapshotCalls } from "../abci/snapshot-calls.ts";
import { isSound, ReceivedSnapshot } from "./received-snapshot.ts";
import type { SnapshotDraft, SnapshotStore, StoredSnapshot } from "./snapshot-store.ts";
import {
  ChunkCutter,
  encodeMetadata,
  encodeOpening,
  encodeRecords,
  hashChunk,
  hashSnapshot,
  MAX_CHUNKS,
  SNAPSHOT_FORMAT,
} from "./snapshot-stream.ts";

/** Most snapshots that CometBFT passes on. */
const MOST_LISTED = 10;
/** Records that are read in one go: a few milliseconds, also from a cold disk. */
const SLICE_RECORDS = 256;
const APP_HASH_BYTES = 32;

export interface SnapshotsOptions {
  readonly ledger: Ledger;
  readonly files: SnapshotStore;
  /** A snapshot is made of each of the ledger's blocks whose height is a multiple of this; the same on all nodes of a group. */
  readonly every: number;
  /** Hears when the ledger was restored from a peer's snapshot, before CometBFT does. */
  readonly onRestored?: (signed: SignedHeader) => void;
  /** Hears why a snapshot could not be made or read; blocks go on. */
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Snapshots by which a fresh node gets the state of a height instead of all blocks before it. One's own are made in the background
 * while blocks go on, from the records as of that height, and have the same bytes on every node; a peer's is held against the app
 * hash before anything of it stands.
 *
 * @example
 * ```ts
 * const snapshots = new Snapshots({ ledger, files: new SnapshotFiles({ folder, key }), every: 1000 });
 * snapshots.start();
 * engine.onCommit(({ header }) => snapshots.committed(header.height));
 * ```
 */
export class Snapshots implements SnapshotCalls {
  readonly #options: SnapshotsOptions;
  #received: ReceivedSnapshot | undefined;
  /** Engine's height of the snapshot in the making. */
  #making: number | undefined;
  /** Height on the ledger of the one that is due after it. */
  #due: number | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /** Makes up for the last snapshot that was due, where it is missing: the process may have ended while it was made. */
  start(): void {
    const { height, firstHeight } = this.#options.ledger;
    const due = height - (height % this.#options.every);
    if (due >= Math.max(1, firstHeight)) this.#begin(due);
  }

  /** Hears of a block of the ledger that became durable. */
  committed(height: number): void {
    if (height > 0 && height % this.#options.every === 0) this.#begin(height);
  }

  /** Ends what is being made; it is left out. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
    await this.#forgetReceived();
  }

  /** Resolves once nothing is being made. */
  async settled(): Promise<void> {
    while (this.#making !== undefined) await this.#work;
  }

  /**
   * Lowest of the engine's blocks that whoever begins from one of these snapshots needs; `undefined` where there is none, so that a
   * fresh node needs them all.
   */
  lowestNeeded(): number | undefined {
    const listed = this.kept().map(({ height }) => height);
    // One in the making helps nobody yet, but the blocks behind it must be there once it does.
    return listed.length === 0 ? undefined : Math.min(...listed, this.#making ?? Number.MAX_SAFE_INTEGER);
  }

  /**
   * Those that a peer can begin from now, newest first. CometBFT's light client wants the two blocks behind a snapshot's; while the
   * alliance is idle there is but one behind the newest of the ledger.
   */
  offered(): readonly StoredSnapshot[] {
    const certificate = this.#options.ledger.head?.certificate;
    const newest = certificate?.engine === "cometbft" ? certificate.block : 0;
    return this.kept().filter(({ height }) => height + 2 <= newest);
  }

  /** All whole ones, newest first. */
  kept(): readonly StoredSnapshot[] {
    return this.#options.files
      .list()
      .filter(({ format }) => format === SNAPSHOT_FORMAT)
      .slice(0, MOST_LISTED);
  }

  async list(): Promise<ResponseListSnapshots> {
    const offered = this.offered();
    // Where blocks are fast and snapshots frequent, it would else be gone before the peer has decided for it.
    for (const snapshot of offered) this.#options.files.lend(snapshot);
    return { snapshots: offered.map(({ height, ...snapshot }) => ({ height: BigInt(height), ...snapshot })) };
  }

  async load({ height, format, chunk: index }: RequestLoadSnapshotChunk): Promise<ResponseLoadSnapshotChunk> {
    try {
      const chunk = await this.#options.files.load({ height: Number(height), format }, index);
      return { chunk: chunk ?? new Uint8Array() };
    } catch (error) {
      // The peer hears that it is missing and asks another; this node's blocks go on.
      this.#options.onFailure?.(error);
      return { chunk: new Uint8Array() };
    }
  }

  async offer({ snapshot, appHash }: RequestOfferSnapshot): Promise<ResponseOfferSnapshot> {
    const { ledger, files } = this.#options;
    await this.#forgetReceived();
    // Only a ledger that has not begun takes a snapshot, whoever offers which.
    if (ledger.head !== undefined || this.#stopped) return { result: OfferResult.ABORT };
    if (snapshot === undefined) return { result: OfferResult.REJECT };
    if (snapshot.format !== SNAPSHOT_FORMAT) return { result: OfferResult.REJECT_FORMAT };
    const offered = { ...snapshot, height: Number(snapshot.height) };
    if (!isSound(offered)) return { result: OfferResult.REJECT_SENDER };
    if (appHash.length !== APP_HASH_BYTES) return { result: OfferResult.REJECT };
    this.#received = new ReceivedSnapshot(ledger, offered, encodeBase64Url(appHash), await files.receive());
    return { result: OfferResult.ACCEPT };
  }

  async apply({ index, chunk, sender }: RequestApplySnapshotChunk): Promise<ResponseApplySnapshotChunk> {
    const received = this.#received;
    if (received === undefined || this.#stopped) return answer(ApplyResult.ABORT);
    // CometBFT hands them in order; where it does not, only the beginning is common ground.
    if (index !== received.next) {
      await this.#forgetReceived();
      return answer(ApplyResult.RETRY_SNAPSHOT);
    }
    try {
      const outcome = await received.take(chunk);
      if (outcome === "taken") return answer(ApplyResult.ACCEPT);
      if (outcome === "bad")
        return { result: ApplyResult.RETRY, refetchChunks: [index], rejectSenders: sender === "" ? [] : [sender] };
      await this.#forgetReceived();
      if (outcome === "lie") return answer(ApplyResult.REJECT_SNAPSHOT, sender);
    } catch (error) {
      await this.#forgetReceived();
      throw error;
    }
    this.#options.onRestored?.(this.#options.ledger.head as SignedHeader);
    return answer(ApplyResult.ACCEPT);
  }

  async #forgetReceived(): Promise<void> {
    const received = this.#received;
    this.#received = undefined;
    await received?.discard();
  }

  /** At most one is made at a time, and of those that fall due meanwhile the youngest. */
  #begin(height: number): void {
    if (this.#stopped) return;
    if (this.#making !== undefined) {
      this.#due = height;
      return;
    }
    const signed = this.#options.ledger.signedHeader(height);
    if (signed?.certificate.engine !== "cometbft") return;
    const { block } = signed.certificate;
    if (this.kept().some((listed) => listed.height === block)) return;
    this.#making = block;
    this.#work = this.#make(signed.header, block)
      .catch((error: unknown) => this.#options.onFailure?.(error))
      .then(() => {
        this.#making = undefined;
        const due = this.#due;
        this.#due = undefined;
        if (due !== undefined) this.#begin(due);
      });
  }

  async #make(header: SignedHeader["header"], block: number): Promise<void> {
    const draft = await this.#options.files.begin({ height: block, format: SNAPSHOT_FORMAT });
    let kept = false;
    try {
      const metadata = await this.#fill(draft, header, block);
      if (metadata !== undefined) {
        await draft.keep({ hash: hashSnapshot(block, metadata), metadata });
        kept = true;
      }
    } finally {
      if (!kept) await draft.discard();
    }
  }

  /** Writes all chunks, and lets others have their turn between two slices. @returns the metadata; `undefined` where stopped */
  async #fill(draft: SnapshotDraft, header: SignedHeader["header"], block: number): Promise<Uint8Array | undefined> {
    const { ledger } = this.#options;
    const cutter = new ChunkCutter();
    const hashes: Uint8Array[] = [];
    const write = async (chunks: readonly Uint8Array[]): Promise<void> => {
      for (const chunk of chunks) {
        if (hashes.length === MAX_CHUNKS)
          throw engineError("engine.snapshot-too-large", `the state of block ${block} is too large`, { block });
        hashes.push(hashChunk(chunk));
        await draft.add(chunk);
      }
    };
    await write(cutter.push(encodeOpening({ header, block })));
    for (let slot = 0; ; ) {
      await turn();
      if (this.#stopped) return undefined;
      const records = ledger.recordsAt(header.height, slot, SLICE_RECORDS);
      if (records.length === 0) break;
      slot += records.length;
      await write(cutter.push(encodeRecords(records)));
    }
    await write(cutter.end());
    return encodeMetadata(hashes);
  }
}

/** After whatever else waits for the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function answer(result: ApplyResult, rejected = ""): ResponseApplySnapshotChunk {
  return { result, refetchChunks: [], rejectSenders: rejected === "" ? [] : [rejected] };
}
