/**
 * Receipts of commands on their way to the ledger. A receipt gets its place, batch and index, when it is enlisted; about once a second the
 * open batch is sealed and anchored (`BatchAnchor`).
 */
import { type Clock, encodeBase64Url, encodeUtf8 } from "#base";
import { leafHash, treeHash } from "#crypto";
import {
  type AnchoredBatch,
  type AnchorPlace,
  BatchAnchor,
  type DurableMap,
  decodeRecord,
  encodeRecord,
  type MapChange,
  padNumber,
} from "#events";
import { type CommandOutcome, type InclusionProof, proveInclusion } from "#protocol";
import { linkageError } from "../errors.ts";

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

type Count = AnchorRequest["counts"][number];

/** What an operation's schema takes at most. */
const MOST_LINKAGES = 1000;

const entryKey = (batch: number, index: number): string => `e/${padNumber(batch)}/${padNumber(index)}`;
const batchKey = (batch: number) => `b/${padNumber(batch)}`;
const placeKey = (jti: string, batch: number, index: number) => `i/${jti}/${padNumber(batch)}/${padNumber(index)}`;
/** Sorts the newest first: lists only go forward. */
const linkageKey = (linkage: string, batch: number, index: number) =>
  `l/${linkage}/${padNumber(1e13 - batch)}/${padNumber(1e13 - index)}`;

export class ReceiptBatches {
  readonly #store: DurableMap;
  readonly #most: number;
  readonly #anchor: BatchAnchor<Count>;
  /** Number of the batch that takes receipts, how many it has, and the linkages in it. */
  #open = 0;
  #size = 0;
  #counts = new Map<string, { done: number; refused: number }>();
  /** First batch that is not anchored. */
  #next = 0;

  constructor(options: ReceiptBatchesOptions) {
    const { store, clock, blockTime, anchor, find, everyMs, onError } = options;
    this.#store = store;
    this.#most = options.most ?? 10_000;
    const head = decodeRecord<{ open: number; next: number }>(store.get("h"));
    this.#open = head?.open ?? 0;
    this.#next = head?.next ?? 0;
    for (const entry of this.#entries(this.#open)) this.#count(entry);
    this.#anchor = new BatchAnchor({
      label: "hansa receipt batch",
      queue: {
        close: () => this.#seal(),
        next: () => (this.#next < this.#open ? this.#next : undefined),
        load: (number) => this.#batch(number) as AnchoredBatch<Count>,
        save: (number, batch) => store.batch([{ key: batchKey(number), value: encodeRecord(batch) }]),
        end: (number, batch) => this.#end(number, batch),
      },
      ...{ clock, blockTime, find, everyMs, onError },
      anchor: ({ root, size, ...offer }) => anchor({ ...offer, batch: { root, size } }),
      // Its target changed hands meanwhile, so that it is no longer ours to count.
      isAbout: ({ linkage }, refusal) => linkage === refusal["linkage"],
    });
  }

  /** Begins to seal and anchor. */
  start(): void {
    this.#anchor.start();
  }

  /** Stops anchoring; receipts may still be enlisted, and are anchored after the next start. */
  stop(): void {
    this.#anchor.stop();
  }

  /** Receipts that are not anchored yet, and batches that are sealed and wait. */
  get waiting(): { open: number; sealed: number } {
    return { open: this.#size, sealed: this.#open - this.#next };
  }

  /**
   * Gives a receipt its place: the caller writes the changes with its own in one batch and then calls `done`, at once, before anything
   * else is enlisted.
   */
  enlist(entry: ReceiptEntry): { changes: MapChange[]; done: () => void } {
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
    const places = this.#store
      .list(`i/${jti}/`, { limit: 16 })
      .map(({ value }) => decodeRecord<[number, number]>(value) as [number, number]);
    const isDone = (at: readonly [number, number]) =>
      decodeRecord<ReceiptEntry>(this.#store.get(entryKey(...at)))?.outcome === "done";
    const place = places.find(isDone) ?? places[0];
    return place === undefined ? undefined : this.#prove(...place);
  }

  /** Receipts of a linkage, newest first; `place` is absent while the batch waits. */
  ofLinkage(linkage: string, limit = 100): (ReceiptEntry & { place?: AnchorPlace })[] {
    const found: (ReceiptEntry & { place?: AnchorPlace })[] = [];
    for (const { value } of this.#store.list(`l/${linkage}/`, { limit })) {
      const [batch, index] = decodeRecord<[number, number]>(value) ?? [0, 0];
      const entry = decodeRecord<ReceiptEntry>(this.#store.get(entryKey(batch, index)));
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

  #batch(batch: number): AnchoredBatch<Count> | undefined {
    return decodeRecord<AnchoredBatch<Count>>(this.#store.get(batchKey(batch)));
  }

  #entries(batch: number): ReceiptEntry[] {
    return this.#store
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
  #sealed(): { changes: MapChange[]; done: () => void } {
    const leaves = this.#entries(this.#open).map(({ receipt }) => leafHash(encodeUtf8(receipt)));
    const batch: AnchoredBatch<Count> = {
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

  /** Closes the open batch where none waits before it. */
  #seal(): void {
    if (this.#next < this.#open || this.#size === 0) return;
    const sealing = this.#sealed();
    this.#store.batch(sealing.changes);
    sealing.done();
  }

  #end(number: number, batch: AnchoredBatch<Count>): void {
    this.#store.batch([
      { key: batchKey(number), value: encodeRecord(batch) },
      { key: "h", value: encodeRecord({ open: this.#open, next: number + 1 }) },
    ]);
    this.#next = number + 1;
  }
}
