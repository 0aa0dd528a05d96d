/**
 * Access receipts of a provider, and their way to the ledger. A receipt gets its place, batch and index, in the transaction that uses up the count;
 * about once a second the open batch is closed and anchored (`BatchAnchor`).
 */
import { type Clock, encodeBase64Url } from "#base";
import { treeHash } from "#crypto";
import {
  type AnchoredBatch,
  type AnchorOffer,
  type AnchorPlace,
  BatchAnchor,
  type DurableMap,
  decodeRecord,
  encodeRecord,
  type MapChange,
  padNumber,
} from "#events";
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

/** What a receipt is about, in the clear: gone once its dataset is erased. */
export interface OpenedResource {
  readonly resource: GrantResource;
  readonly salt: string;
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

/** How often a grant was used, in one batch. */
interface Count {
  readonly grant: string;
  readonly used: number;
}

export type AccessAnchor = Omit<AnchorOffer<Count>, "counts"> & { readonly grants: readonly Count[] };

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

const HEAD = "h";
const entryKey = (batch: number, index: number) => `e/${padNumber(batch)}/${padNumber(index)}`;
const batchKey = (batch: number) => `b/${padNumber(batch)}`;
const placeKey = (jti: string) => `i/${jti}`;
/** Sorts the newest first: lists only go forward. */
const grantKey = (grant: string, batch: number, index: number) =>
  `g/${grant}/${padNumber(1e13 - batch)}/${padNumber(1e13 - index)}`;
const datasetPrefix = (dataset: string) => `r/${nameInKey(dataset)}/`;

export class AccessReceipts {
  readonly #store: DurableMap;
  readonly #most: number;
  readonly #anchor: BatchAnchor<Count>;

  constructor(options: AccessReceiptsOptions) {
    const { store, clock, blockTime, anchor, find, everyMs, onError } = options;
    this.#store = store;
    // One grant a receipt: a batch never names more grants than an operation takes.
    this.#most = Math.min(options.most ?? MOST_ANCHORED_GRANTS, MOST_ANCHORED_GRANTS);
    this.#anchor = new BatchAnchor<Count>({
      label: "hansa access batch",
      queue: {
        close: () => this.#close(),
        next: () => {
          const { open, next } = this.#head();
          return next < open ? next : undefined;
        },
        load: (number) => this.#batch(number) ?? this.#closed(number),
        save: (number, batch) => store.batch([{ key: batchKey(number), value: encodeRecord(batch) }]),
        end: (number, batch) => this.#end(number, batch),
      },
      ...{ clock, blockTime, find, everyMs, onError },
      anchor: ({ counts, ...offer }) => anchor({ ...offer, grants: counts }),
      isAbout: ({ grant }, refusal) => grant === refusal["grant"],
    });
  }

  /** Begins to close batches and to anchor them. */
  start(): void {
    this.#anchor.start();
  }

  stop(): void {
    this.#anchor.stop();
  }

  /**
   * Gives a receipt its place. To be called within a transaction, which makes it durable with the rest.
   *
   * @param more - further changes, written with it
   */
  enlist(receipt: AccessReceipt, kept: KeptReceipt, request: AnsweredRequest, more: readonly MapChange[]): void {
    let { open, size, next } = this.#head();
    if (size >= this.#most) {
      open++;
      size = 0;
    }
    const place = encodeRecord([open, size]);
    this.#store.batch([
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
    return this.#store.list(grant === undefined ? "g/" : `g/${grant}/`, { limit }).flatMap(({ value }) => {
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
    this.#store.batch([{ key: entryKey(...place), value: encodeRecord({ ...kept, receipt }) }]);
  }

  /** The changes after which so many receipts say no more that they were about a dataset, and the requests that they were for. */
  erasure(
    dataset: string,
    limit: number,
  ): { readonly changes: readonly MapChange[]; readonly requests: readonly AnsweredRequest[] } {
    const changes: MapChange[] = [];
    const requests: AnsweredRequest[] = [];
    for (const { key, value } of this.#store.list(datasetPrefix(dataset), { limit })) {
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
    return decodeRecord<Head>(this.#store.get(HEAD)) ?? { open: 0, size: 0, next: 0 };
  }

  #placeOf(jti: string): [number, number] | undefined {
    return decodeRecord<[number, number]>(this.#store.get(placeKey(jti)));
  }

  #entry([batch, index]: readonly [number, number]): KeptReceipt | undefined {
    return decodeRecord<KeptReceipt>(this.#store.get(entryKey(batch, index)));
  }

  #entries(batch: number): KeptReceipt[] {
    return this.#store
      .list(`e/${padNumber(batch)}/`)
      .map(({ value }) => decodeRecord<KeptReceipt>(value) as KeptReceipt);
  }

  #batch(batch: number): AnchoredBatch<Count> | undefined {
    return decodeRecord<AnchoredBatch<Count>>(this.#store.get(batchKey(batch)));
  }

  /** Closes the open batch where none waits before it. */
  #close(): void {
    const { open, size, next } = this.#head();
    if (next < open || size === 0) return;
    this.#store.batch([{ key: HEAD, value: encodeRecord({ open: open + 1, size: 0, next } satisfies Head) }]);
  }

  /** Root and counts of a batch that takes no more. */
  #closed(number: number): AnchoredBatch<Count> {
    const used = new Map<string, number>();
    const leaves = this.#entries(number).map(({ receipt }) => {
      const grant = decodeAccessReceipt(receipt).receipt.grants[0] as string;
      used.set(grant, (used.get(grant) ?? 0) + 1);
      return accessReceiptLeaf(receipt);
    });
    return {
      root: encodeBase64Url(treeHash(leaves)),
      size: leaves.length,
      counts: [...used].map(([grant, count]) => ({ grant, used: count })),
    };
  }

  #end(number: number, batch: AnchoredBatch<Count>): void {
    this.#store.batch([
      { key: batchKey(number), value: encodeRecord(batch) },
      { key: HEAD, value: encodeRecord({ ...this.#head(), next: number + 1 } satisfies Head) },
    ]);
  }
}
