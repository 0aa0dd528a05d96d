/**
 * Receipts on their way to the ledger. A receipt gets its place, batch and index, when it is enlisted; about once a second the open
 * batch is sealed: its root is stored, then anchored. A batch that could not be anchored is offered again, the same to the byte, until
 * it is: as the very same transaction while an anchor whose answer was lost may still be executed. The next is sealed only then, and takes
 * everything that came meanwhile. So the ledger's cost does not grow with the rate.
 */
import { type Clock, encodeBase64Url, encodeUtf8, isHansaError } from "#base";
import { leafHash, sha256, treeHash } from "#crypto";
import { type CommandOutcome, type InclusionProof, proveInclusion } from "#protocol";
import { linkageError } from "../errors.ts";
import type { Change, DurableMap } from "../needs.ts";
import { decodeRecord, encodeRecord, padNumber } from "../records.ts";

/** A command's token and the receipt for it. */
export interface ReceiptEntry {
  readonly jti: string;
  readonly linkage: string;
  readonly outcome: CommandOutcome;
  readonly command: string;
  readonly receipt: string;
}

/** What is anchored. `refused` counts every receipt that is not `done`, so that both together are the batch's size. */
export interface AnchorRequest {
  /** Follows from the batch: where an anchor is tried again it is the same, fit for a transaction's `jti`. */
  readonly id: string;
  /** Seconds since 1970, for the transaction's `exp`: with the same `id` the ledger executes it once at most. */
  readonly until: number;
  readonly batch: { readonly root: string; readonly size: number };
  readonly counts: readonly { readonly linkage: string; readonly done: number; readonly refused: number }[];
}

/** Where the anchoring transaction stands. */
export interface AnchorPlace {
  readonly height: number;
  readonly index: number;
}

export interface ReceiptProof extends AnchorPlace {
  readonly command: string;
  readonly receipt: string;
  readonly root: string;
  readonly path: InclusionProof;
}

export interface ReceiptBatchesOptions {
  readonly store: DurableMap;
  readonly clock: Clock;
  /** Time of the ledger's last block, milliseconds: what ended by then is executed in no later one. */
  readonly blockTime: () => number;
  /** Anchors a batch. A rejection means that it is not known to be anchored: the same is offered again. */
  readonly anchor: (request: AnchorRequest) => Promise<AnchorPlace>;
  /** Where a root is anchored already, if it is: asked before a batch is offered again, and when `anchor` says it is a repeat. */
  readonly find?: (root: string) => Promise<AnchorPlace | undefined>;
  /** How often the open batch is sealed, milliseconds; 1,000 by default. */
  readonly everyMs?: number;
  /** Receipts in a batch at most; 10,000 by default. */
  readonly most?: number;
  /** Hears of anchors and writes that failed. */
  readonly onError?: (error: unknown) => void;
}

interface KeptBatch {
  readonly root: string;
  readonly size: number;
  readonly counts: AnchorRequest["counts"];
  /** `until` of the offer that may have been made before. */
  readonly until?: number;
  /** The ledger will never take it: none of its linkages' targets is operated here any more. */
  readonly refused?: true;
  readonly place?: AnchorPlace;
}

/** What an operation's schema takes at most. */
const MOST_LINKAGES = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** How long an offer may be executed. */
const OFFER_SECONDS = 60;

const entryKey = (batch: number, index: number): string => `e/${padNumber(batch)}/${padNumber(index)}`;
const batchKey = (batch: number) => `b/${padNumber(batch)}`;
const placeKey = (jti: string, batch: number, index: number) => `i/${jti}/${padNumber(batch)}/${padNumber(index)}`;
/** Sorts the newest first: lists only go forward. */
const linkageKey = (linkage: string, batch: number, index: number) =>
  `l/${linkage}/${padNumber(1e13 - batch)}/${padNumber(1e13 - index)}`;

export class ReceiptBatches {
  readonly #options: ReceiptBatchesOptions;
  readonly #everyMs: number;
  readonly #most: number;
  /** Number of the batch that takes receipts, how many it has, and the linkages in it. */
  #open = 0;
  #size = 0;
  #counts = new Map<string, { done: number; refused: number }>();
  /** First batch that is not anchored. */
  #next = 0;
  #failures = 0;
  #anchoring = false;
  #stopped = false;
  #cancel: (() => void) | undefined;

  constructor(options: ReceiptBatchesOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? 1000;
    this.#most = options.most ?? 10_000;
    const head = decodeRecord<{ open: number; next: number }>(options.store.get("h"));
    this.#open = head?.open ?? 0;
    this.#next = head?.next ?? 0;
    for (const entry of this.#entries(this.#open)) this.#count(entry);
  }

  /** Begins to seal and anchor. */
  start(): void {
    this.#schedule(this.#everyMs);
  }

  /** Stops anchoring; receipts may still be enlisted, and are anchored after the next start. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** Receipts that are not anchored yet, and batches that are sealed and wait. */
  get waiting(): { open: number; sealed: number } {
    return { open: this.#size, sealed: this.#open - this.#next };
  }

  /**
   * Gives a receipt its place: the caller writes the changes with its own in one batch and then calls `done`, at once, before anything
   * else is enlisted.
   */
  enlist(entry: ReceiptEntry): { changes: Change[]; done: () => void } {
    const sealing = this.#isFull(entry.linkage) ? this.#sealed() : undefined;
    const batch = sealing === undefined ? this.#open : this.#open + 1;
    const index = sealing === undefined ? this.#size : 0;
    return {
      changes: [
        ...(sealing?.changes ?? []),
        { key: entryKey(batch, index), value: encodeRecord(entry) },
        { key: placeKey(entry.jti, batch, index), value: encodeRecord([batch, index]) },
        { key: linkageKey(entry.linkage, batch, index), value: encodeRecord([batch, index]) },
      ],
      done: () => {
        sealing?.done();
        this.#count(entry);
      },
    };
  }

  /**
   * The proof that a command's receipt is in an anchored batch; `undefined` where there is no such receipt, or its batch waits. Where
   * two members sent commands of one id, the one that was carried out is proved, else the first.
   *
   * @throws HansaError `linkage.batch` where the store does not give the root that was anchored
   */
  proofOf(jti: string): ReceiptProof | undefined {
    const places = this.#options.store
      .list(`i/${jti}/`, { limit: 16 })
      .map(({ value }) => decodeRecord<[number, number]>(value) as [number, number]);
    const isDone = (at: readonly [number, number]) =>
      decodeRecord<ReceiptEntry>(this.#options.store.get(entryKey(...at)))?.outcome === "done";
    const place = places.find(isDone) ?? places[0];
    return place === undefined ? undefined : this.#prove(...place);
  }

  /** Receipts of a linkage, newest first; `place` is absent while the batch waits. */
  ofLinkage(linkage: string, limit = 100): (ReceiptEntry & { place?: AnchorPlace })[] {
    const found: (ReceiptEntry & { place?: AnchorPlace })[] = [];
    for (const { value } of this.#options.store.list(`l/${linkage}/`, { limit })) {
      const [batch, index] = decodeRecord<[number, number]>(value) ?? [0, 0];
      const entry = decodeRecord<ReceiptEntry>(this.#options.store.get(entryKey(batch, index)));
      if (entry === undefined) continue;
      const place = this.#batch(batch)?.place;
      found.push(place === undefined ? entry : { ...entry, place });
    }
    return found;
  }

  #prove(batch: number, index: number): ReceiptProof | undefined {
    const kept = this.#batch(batch);
    if (kept?.place === undefined) return undefined;
    const entries = this.#entries(batch);
    const entry = entries[index];
    const leaves = entries.map(({ receipt }) => leafHash(encodeUtf8(receipt)));
    if (entry === undefined || encodeBase64Url(treeHash(leaves)) !== kept.root)
      throw linkageError("linkage.batch", `batch ${batch} does not give its root`, { batch });
    return {
      command: entry.command,
      receipt: entry.receipt,
      ...kept.place,
      root: kept.root,
      path: proveInclusion(leaves, index),
    };
  }

  #batch(batch: number): KeptBatch | undefined {
    return decodeRecord<KeptBatch>(this.#options.store.get(batchKey(batch)));
  }

  #entries(batch: number): ReceiptEntry[] {
    return this.#options.store
      .list(`e/${padNumber(batch)}/`)
      .map(({ value }) => decodeRecord<ReceiptEntry>(value) as ReceiptEntry);
  }

  #isFull(linkage: string): boolean {
    return this.#size >= this.#most || (this.#counts.size >= MOST_LINKAGES && !this.#counts.has(linkage));
  }

  #count({ linkage, outcome }: ReceiptEntry): void {
    const counts = this.#counts.get(linkage) ?? { done: 0, refused: 0 };
    counts[outcome === "done" ? "done" : "refused"]++;
    this.#counts.set(linkage, counts);
    this.#size++;
  }

  /** Closes the open batch. */
  #sealed(): { changes: Change[]; done: () => void } {
    const leaves = this.#entries(this.#open).map(({ receipt }) => leafHash(encodeUtf8(receipt)));
    const batch: KeptBatch = {
      root: encodeBase64Url(treeHash(leaves)),
      size: leaves.length,
      counts: [...this.#counts].map(([linkage, counts]) => ({ linkage, ...counts })),
    };
    return {
      changes: [
        { key: batchKey(this.#open), value: encodeRecord(batch) },
        { key: "h", value: encodeRecord({ open: this.#open + 1, next: this.#next }) },
      ],
      done: () => {
        this.#open++;
        this.#size = 0;
        this.#counts = new Map();
      },
    };
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(ms, () => void this.#run());
  }

  async #run(): Promise<void> {
    if (this.#anchoring) return;
    this.#anchoring = true;
    try {
      if (this.#next === this.#open && this.#size > 0) {
        const sealing = this.#sealed();
        this.#options.store.batch(sealing.changes);
        sealing.done();
      }
      while (this.#next < this.#open && !this.#stopped) await this.#anchor();
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      this.#options.onError?.(error);
    } finally {
      this.#anchoring = false;
      this.#schedule(Math.min(this.#everyMs * 2 ** Math.min(this.#failures, 10), LONGEST_PAUSE_MS));
    }
  }

  async #anchor(): Promise<void> {
    const { anchor, find, blockTime } = this.#options;
    const number = this.#next;
    const batch = this.#batch(number) as KeptBatch;
    const { root, size, counts } = batch;
    // Looked at before anybody is asked: what is over by now and is not found afterwards never comes.
    const isOver = batch.until !== undefined && batch.until * 1000 <= blockTime();
    let place = batch.until === undefined ? undefined : await find?.(root);
    if (place === undefined) {
      // An anchor whose answer is lost may stand all the same, or still be on its way: whoever looks at this batch again must know.
      const until = batch.until ?? this.#offer(number, batch);
      // Fewer counts are another transaction, so the id follows from them too.
      const id = encodeBase64Url(sha256(encodeUtf8(`hansa receipt batch\0${root}\0${counts.length}`)));
      try {
        place = await anchor({ id, until, batch: { root, size }, counts });
      } catch (error) {
        place = placeOf(error) ?? (await find?.(root));
        if (place === undefined && isOver) this.#offer(number, batch);
        if (place === undefined && !this.#leaveOut(number, batch, error)) throw error;
        if (place === undefined) return;
      }
    }
    const { height, index } = place;
    this.#end(number, { ...batch, place: { height, index } });
  }

  /** Stores until when a batch's anchor may be executed, before it is sent. */
  #offer(number: number, batch: KeptBatch): number {
    const until = Math.floor(this.#options.clock.now() / 1000) + OFFER_SECONDS;
    this.#options.store.batch([{ key: batchKey(number), value: encodeRecord({ ...batch, until }) }]);
    return until;
  }

  /**
   * A linkage whose target changed hands meanwhile is no longer ours to count, and must not hold up the rest: the batch goes without
   * its count, its receipts stay under the root. Where nothing is left to count, nothing can be anchored.
   */
  #leaveOut(number: number, batch: KeptBatch, error: unknown): boolean {
    const linkage = isHansaError(error) ? (error.payload as { linkage?: unknown }).linkage : undefined;
    const counts = batch.counts.filter((count) => count.linkage !== linkage);
    if (counts.length === batch.counts.length) return false;
    this.#options.onError?.(error);
    if (counts.length === 0) this.#end(number, { ...batch, refused: true });
    else
      this.#options.store.batch([
        { key: batchKey(number), value: encodeRecord({ ...batch, counts } satisfies KeptBatch) },
      ]);
    return true;
  }

  #end(number: number, batch: KeptBatch): void {
    this.#options.store.batch([
      { key: batchKey(number), value: encodeRecord(batch) },
      { key: "h", value: encodeRecord({ open: this.#open, next: number + 1 }) },
    ]);
    this.#next = number + 1;
  }
}

/** A refusal as a repeat that says where the first stands is an answer. */
function placeOf(error: unknown): AnchorPlace | undefined {
  if (!isHansaError(error) || !/replayed|anchored|duplicate/.test(error.code)) return undefined;
  const { height, index } = error.payload as { height?: unknown; index?: unknown };
  return Number.isSafeInteger(height) && Number.isSafeInteger(index)
    ? { height: height as number, index: index as number }
    : undefined;
}
