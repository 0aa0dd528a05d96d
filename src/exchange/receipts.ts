/**
 * Access receipts of a provider, and their way to the ledger. A receipt gets its place, batch and index, in the transaction that uses up the count.
 * About once a second the open batch is closed and its root anchored; a batch that could not be is offered again, as the very same transaction
 * for as long as one whose answer was lost may still be executed. So the ledger's cost does not grow with the rate of releases.
 */
import { type Clock, encodeBase64Url, encodeUtf8, isHansaError } from "#base";
import { sha256, treeHash } from "#crypto";
import {
  type AccessReceipt,
  accessReceiptLeaf,
  decodeAccessReceipt,
  type GrantResource,
  type InclusionProof,
  MOST_ANCHORED_GRANTS,
  proveInclusion,
  type SignedAccessReceipt,
} from "#protocol";
import type { AnsweredRequest } from "./answers.ts";
import { nameInKey } from "./datasets.ts";
import { exchangeError } from "./errors.ts";
import type { Change, DurableMap } from "./needs.ts";
import { decodeRecord, encodeRecord, padNumber } from "./records.ts";

/** What a receipt is about, in the clear: gone once its dataset is erased. */
export interface OpenedResource {
  readonly resource: GrantResource;
  readonly salt: string;
}

/** Where the anchoring transaction stands. */
export interface AnchorPlace {
  readonly height: number;
  readonly index: number;
}

export interface KeptReceipt {
  readonly receipt: SignedAccessReceipt;
  readonly opened?: OpenedResource;
  /** Name of the dataset that was released. */
  readonly dataset?: string;
}

/** A receipt as it is shown. */
export interface ShownReceipt extends Omit<KeptReceipt, "dataset"> {
  readonly jti: string;
  /** Absent while its batch waits. */
  readonly place?: AnchorPlace;
}

export interface AccessProof extends AnchorPlace {
  readonly receipt: SignedAccessReceipt;
  readonly opened?: OpenedResource;
  readonly root: string;
  readonly path: InclusionProof;
}

export interface AccessAnchor {
  /** Follows from the batch: fit for a transaction's `jti`, the same at every try. */
  readonly id: string;
  /** Seconds since 1970, for the transaction's `exp`. */
  readonly until: number;
  readonly root: string;
  readonly size: number;
  readonly grants: readonly { readonly grant: string; readonly used: number }[];
}

export interface AccessReceiptsOptions {
  readonly store: DurableMap;
  readonly clock: Clock;
  /** Time of the ledger's last block, milliseconds: what ended by then is executed in no later one. */
  readonly blockTime: () => number;
  /** Anchors a batch. A rejection means that it is not known to be anchored: the same is offered again. */
  readonly anchor: (batch: AccessAnchor) => Promise<AnchorPlace>;
  /** Where a root is anchored already, if it is. */
  readonly find?: (root: string) => Promise<AnchorPlace | undefined>;
  /** How often the open batch is closed, milliseconds; 1,000 by default. */
  readonly everyMs?: number;
  /** Receipts in a batch at most. */
  readonly most?: number;
  readonly onError?: (error: unknown) => void;
}

interface Head {
  /** Number of the batch that takes receipts, and how many it has. */
  readonly open: number;
  readonly size: number;
  /** First batch that is not anchored. */
  readonly next: number;
}

interface KeptBatch {
  readonly root: string;
  readonly size: number;
  readonly grants: AccessAnchor["grants"];
  readonly until: number;
  /** The ledger will never take it. */
  readonly refused?: true;
  readonly place?: AnchorPlace;
}

const LONGEST_PAUSE_MS = 30_000;
const OFFER_SECONDS = 60;
const HEAD = "h";
const entryKey = (batch: number, index: number) => `e/${padNumber(batch)}/${padNumber(index)}`;
const batchKey = (batch: number) => `b/${padNumber(batch)}`;
const placeKey = (jti: string) => `i/${jti}`;
/** Sorts the newest first: lists only go forward. */
const grantKey = (grant: string, batch: number, index: number) =>
  `g/${grant}/${padNumber(1e13 - batch)}/${padNumber(1e13 - index)}`;
const datasetPrefix = (dataset: string) => `r/${nameInKey(dataset)}/`;

export class AccessReceipts {
  readonly #options: AccessReceiptsOptions;
  readonly #everyMs: number;
  readonly #most: number;
  #failures = 0;
  #anchoring = false;
  #stopped = false;
  #cancel: (() => void) | undefined;

  constructor(options: AccessReceiptsOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? 1000;
    // One grant a receipt: a batch never names more grants than an operation takes.
    this.#most = Math.min(options.most ?? MOST_ANCHORED_GRANTS, MOST_ANCHORED_GRANTS);
  }

  /** Begins to close batches and to anchor them. */
  start(): void {
    this.#schedule(this.#everyMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /**
   * Gives a receipt its place. To be called within a transaction, which makes it durable with the rest.
   *
   * @param more - further changes, written with it
   */
  enlist(receipt: AccessReceipt, kept: KeptReceipt, request: AnsweredRequest, more: readonly Change[]): void {
    let { open, size, next } = this.#head();
    if (size >= this.#most) {
      open++;
      size = 0;
    }
    const place = encodeRecord([open, size]);
    this.#options.store.batch([
      { key: HEAD, value: encodeRecord({ open, size: size + 1, next } satisfies Head) },
      { key: entryKey(open, size), value: encodeRecord(kept) },
      { key: placeKey(receipt.jti), value: place },
      { key: grantKey(receipt.grants[0] as string, open, size), value: place },
      ...(kept.dataset === undefined
        ? []
        : [
            {
              key: datasetPrefix(kept.dataset) + receipt.jti,
              value: encodeRecord([open, size, request.exp, request.digest]),
            },
          ]),
      ...more,
    ]);
  }

  /** The receipt of an id. */
  get(jti: string): ShownReceipt | undefined {
    const place = this.#placeOf(jti);
    const kept = place === undefined ? undefined : this.#entry(place);
    return place === undefined || kept === undefined ? undefined : this.#show(kept, place);
  }

  /** Receipts of a grant, newest first; of all grants in no order that means anything. */
  list({ grant, limit }: { readonly grant?: string | undefined; readonly limit: number }): ShownReceipt[] {
    return this.#options.store.list(grant === undefined ? "g/" : `g/${grant}/`, { limit }).flatMap(({ value }) => {
      const place = decodeRecord<[number, number]>(value) as [number, number];
      const kept = this.#entry(place);
      return kept === undefined ? [] : [this.#show(kept, place)];
    });
  }

  /** Keeps the recipient's signature on a receipt. Durable when it returns. The caller has checked it. */
  keepSignature(jti: string, receipt: SignedAccessReceipt): void {
    const place = this.#placeOf(jti);
    const kept = place === undefined ? undefined : this.#entry(place);
    if (place === undefined || kept === undefined)
      throw exchangeError("exchange.unknown-receipt", "there is no such receipt");
    this.#options.store.batch([{ key: entryKey(...place), value: encodeRecord({ ...kept, receipt }) }]);
  }

  /** The changes after which so many receipts say no more that they were about a dataset, and the requests that they were for. */
  erasure(
    dataset: string,
    limit: number,
  ): { readonly changes: readonly Change[]; readonly requests: readonly AnsweredRequest[] } {
    const changes: Change[] = [];
    const requests: AnsweredRequest[] = [];
    for (const { key, value } of this.#options.store.list(datasetPrefix(dataset), { limit })) {
      const [batch, index, exp, digest] = decodeRecord<[number, number, number, string]>(value) as [
        number,
        number,
        number,
        string,
      ];
      const kept = this.#entry([batch, index]);
      changes.push({ key, value: null });
      if (kept !== undefined)
        changes.push({ key: entryKey(batch, index), value: encodeRecord({ receipt: kept.receipt }) });
      requests.push({ exp, digest });
    }
    return { changes, requests };
  }

  /**
   * Proof that a receipt is in an anchored batch; `undefined` where there is no such receipt.
   *
   * @throws HansaError `exchange.not-anchored`, `exchange.batch`
   */
  proofOf(jti: string): AccessProof | undefined {
    const place = this.#placeOf(jti);
    if (place === undefined) return undefined;
    const [number, index] = place;
    const batch = this.#batch(number);
    if (batch?.place === undefined)
      throw exchangeError("exchange.not-anchored", "the receipt's batch is not on the ledger", {
        refused: batch?.refused === true,
      });
    const entries = this.#entries(number);
    const leaves = entries.map(({ receipt }) => accessReceiptLeaf(receipt));
    const entry = entries[index];
    if (entry === undefined || encodeBase64Url(treeHash(leaves)) !== batch.root)
      throw exchangeError("exchange.batch", `batch ${number} does not give its root`, { batch: number });
    const { receipt, opened } = entry;
    return {
      receipt,
      ...(opened === undefined ? {} : { opened }),
      ...batch.place,
      root: batch.root,
      path: proveInclusion(leaves, index),
    };
  }

  #show({ receipt, opened }: KeptReceipt, [batch]: readonly [number, number]): ShownReceipt {
    const place = this.#batch(batch)?.place;
    return {
      jti: decodeAccessReceipt(receipt).receipt.jti,
      receipt,
      ...(opened === undefined ? {} : { opened }),
      ...(place === undefined ? {} : { place }),
    };
  }

  #head(): Head {
    return decodeRecord<Head>(this.#options.store.get(HEAD)) ?? { open: 0, size: 0, next: 0 };
  }

  #placeOf(jti: string): [number, number] | undefined {
    return decodeRecord<[number, number]>(this.#options.store.get(placeKey(jti)));
  }

  #entry([batch, index]: readonly [number, number]): KeptReceipt | undefined {
    return decodeRecord<KeptReceipt>(this.#options.store.get(entryKey(batch, index)));
  }

  #entries(batch: number): KeptReceipt[] {
    return this.#options.store
      .list(`e/${padNumber(batch)}/`)
      .map(({ value }) => decodeRecord<KeptReceipt>(value) as KeptReceipt);
  }

  #batch(batch: number): KeptBatch | undefined {
    return decodeRecord<KeptBatch>(this.#options.store.get(batchKey(batch)));
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(ms, () => void this.#run());
  }

  async #run(): Promise<void> {
    if (this.#anchoring) return;
    this.#anchoring = true;
    try {
      const { open, size, next } = this.#head();
      if (next === open && size > 0)
        this.#options.store.batch([
          { key: HEAD, value: encodeRecord({ open: open + 1, size: 0, next } satisfies Head) },
        ]);
      for (let head = this.#head(); head.next < head.open && !this.#stopped; head = this.#head())
        await this.#anchor(head.next);
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      this.#options.onError?.(error);
    } finally {
      this.#anchoring = false;
      this.#schedule(Math.min(this.#everyMs * 2 ** Math.min(this.#failures, 10), LONGEST_PAUSE_MS));
    }
  }

  async #anchor(number: number): Promise<void> {
    const { anchor, find, blockTime } = this.#options;
    const before = this.#batch(number);
    // Looked at before anybody is asked: what is over by now and is not found afterwards never comes.
    const isOver = before !== undefined && before.until * 1000 <= blockTime();
    let place = before === undefined ? undefined : await find?.(before.root);
    const batch = before ?? this.#offer(number, this.#closed(number));
    if (place === undefined) {
      const { root, size, grants, until } = batch;
      // Fewer grants are another transaction, so the id follows from them too.
      const id = encodeBase64Url(sha256(encodeUtf8(`hansa access batch\0${root}\0${grants.length}`)));
      try {
        place = await anchor({ id, until, root, size, grants });
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

  /** Root and counts of a batch that takes no more. */
  #closed(number: number): Omit<KeptBatch, "until"> {
    const used = new Map<string, number>();
    const leaves = this.#entries(number).map(({ receipt }) => {
      const grant = decodeAccessReceipt(receipt).receipt.grants[0] as string;
      used.set(grant, (used.get(grant) ?? 0) + 1);
      return accessReceiptLeaf(receipt);
    });
    return {
      root: encodeBase64Url(treeHash(leaves)),
      size: leaves.length,
      grants: [...used].map(([grant, count]) => ({ grant, used: count })),
    };
  }

  /** Stores until when a batch's anchor may be executed, before it is sent. */
  #offer(number: number, batch: Omit<KeptBatch, "until">): KeptBatch {
    const offered = { ...batch, until: Math.floor(this.#options.clock.now() / 1000) + OFFER_SECONDS };
    this.#options.store.batch([{ key: batchKey(number), value: encodeRecord(offered satisfies KeptBatch) }]);
    return offered;
  }

  /** A grant that the ledger will not count must not hold up the rest: its receipts stay under the root, uncounted. */
  #leaveOut(number: number, batch: KeptBatch, error: unknown): boolean {
    const grant = isHansaError(error) ? (error.payload as { grant?: unknown }).grant : undefined;
    const grants = batch.grants.filter((entry) => entry.grant !== grant);
    if (grants.length === batch.grants.length) return false;
    this.#options.onError?.(error);
    if (grants.length === 0) this.#end(number, { ...batch, refused: true });
    else
      this.#options.store.batch([
        { key: batchKey(number), value: encodeRecord({ ...batch, grants } satisfies KeptBatch) },
      ]);
    return true;
  }

  #end(number: number, batch: KeptBatch): void {
    this.#options.store.batch([
      { key: batchKey(number), value: encodeRecord(batch) },
      { key: HEAD, value: encodeRecord({ ...this.#head(), next: number + 1 } satisfies Head) },
    ]);
  }
}

/** A refusal as a repeat that says where the first stands is an answer. */
function placeOf(error: unknown): AnchorPlace | undefined {
  if (!isHansaError(error, "transaction.replayed")) return undefined;
  const { height, index } = error.payload as { height?: unknown; index?: unknown };
  return Number.isSafeInteger(height) && Number.isSafeInteger(index)
    ? { height: height as number, index: index as number }
    : undefined;
}
