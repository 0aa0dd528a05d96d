/**
 * Follows the ledger and answers what happened to whom. On the engine's path a block is only queued; indexing runs in batches behind
 * it, each one storage transaction together with the height that it reached. Only places are kept: what happened is read from the
 * blocks, so the index holds nothing that it could get wrong, and can always be made anew.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { BoundedQueue, type Clock } from "#base";
import {
  type BlockHeader,
  decodeTransaction,
  encodeHeader,
  type Fact,
  hashHeader,
  type Receipt,
  type SignedHeader,
} from "#protocol";
import { type Database, type FactBlock, FactIndex, type Place } from "#storage";
import { auditError } from "../errors.ts";
import { kindOfSubject } from "./subject.ts";

/** A block as a ledger gives it back. */
export interface TrailBlock extends SignedHeader {
  readonly transactions: readonly Uint8Array[];
  readonly receipts: readonly Receipt[];
}

/** What the index reads: `Ledger` is one. */
export interface TrailLedger {
  /** Height of the last committed block; -1 before genesis. */
  readonly height: number;
  block(height: number): TrailBlock | undefined;
}

/** One transaction of a trail. */
export interface TrailStep {
  readonly height: number;
  readonly index: number;
  /** Block time, milliseconds. */
  readonly time: number;
  /** Id of the transaction. */
  readonly id: string;
  /** Who signed. */
  readonly signers: readonly string[];
  /** Facts of the transaction that are about the subject. */
  readonly facts: readonly Fact[];
}

/** Steps in order; `next` is the cursor to go on with, where there are more. */
export interface TrailPage {
  readonly items: readonly TrailStep[];
  readonly next?: string;
}

export interface TrailIndexOptions {
  /** A database of its own, or one shared with other stores; its content can be lost without harm. */
  readonly database: Database;
  readonly ledger: TrailLedger;
  readonly clock: Clock;
  /** Hears of batches that could not be indexed; they are tried again after `RETRY_MS`. */
  readonly onFailure?: (error: unknown) => void;
}

/** Most steps of one page. */
export const MAX_TRAIL_PAGE = 1000;
/** How long blocks are gathered before they are indexed, milliseconds. */
const GATHER_MS = 200;
const RETRY_MS = 5000;
/** Places of one batch: about 10 ms of work. */
const BATCH_PLACES = 8192;
/** Blocks that are held in memory; later ones are read from the ledger when their turn comes. */
const QUEUE_BLOCKS = 512;

interface FollowedBlock {
  readonly header: BlockHeader;
  readonly receipts: readonly Receipt[];
}

/** Text of a place, for a page's `next`. */
export function formatTrailCursor(place: Place): string {
  return `${place.height}.${place.index}`;
}

/** @throws HansaError `audit.cursor` */
export function parseTrailCursor(text: string): Place {
  const match = /^(0|[1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,8})$/.exec(text);
  if (match === null) throw auditError("audit.cursor", "not a cursor of a trail", { after: text.slice(0, 64) });
  return { height: Number(match[1]), index: Number(match[2]) };
}

/** Whom a block's receipts are about: every subject once a transaction. */
function factsOf({ header, receipts }: FollowedBlock): { block: FactBlock; places: number } {
  const facts: { index: number; about: readonly string[] }[] = [];
  let places = 0;
  receipts.forEach(({ facts: [first, ...others] }, index) => {
    if (first === undefined) return;
    // The kernel lets no subject stand twice in one fact.
    const about = others.length === 0 ? first.about : [...new Set([first, ...others].flatMap((fact) => fact.about))];
    places += about.length;
    facts.push({ index, about });
  });
  return { block: { height: header.height, facts }, places };
}

/**
 * The trail of one group.
 *
 * @example
 * ```ts
 * const trail = new TrailIndex({ database, ledger, clock: systemClock });
 * await trail.catchUp();
 * engine.onCommit((execution) => trail.follow(execution));
 * const { items, next } = await trail.entries(device, { limit: 100 });
 * ```
 */
export class TrailIndex {
  readonly #facts: FactIndex;
  readonly #options: TrailIndexOptions;
  readonly #queue = new BoundedQueue<FollowedBlock>(QUEUE_BLOCKS);
  /** Height up to which blocks are to be indexed. */
  #target: number;
  /** Lowest height that there is a block of. */
  #lowest = 0;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(options: TrailIndexOptions) {
    this.#options = options;
    this.#facts = new FactIndex(options.database);
    this.#target = this.#facts.height;
  }

  /** Height up to which the index goes; -1 before the first block. */
  get height(): number {
    return this.#facts.height;
  }

  /** Blocks that are committed and not yet indexed. */
  get waiting(): number {
    return Math.max(0, this.#target - this.#next + 1);
  }

  get #next(): number {
    return Math.max(this.#facts.height + 1, this.#lowest);
  }

  /** Takes note of a committed block. Costs next to nothing: nothing is read, hashed or written before the engine goes on. */
  follow(block: FollowedBlock): void {
    if (this.#stopped) return;
    this.#target = Math.max(this.#target, block.header.height);
    this.#queue.push(block);
    this.#schedule(GATHER_MS);
  }

  /**
   * Indexes what the ledger has and the index has not, in turns that leave room for other work. An index of other blocks, such as
   * those before a backup was restored, is made anew.
   *
   * @param lowest - lowest height that the ledger has a block of: above 0 where it began from a snapshot
   * @throws HansaError `audit.missing-block`, `storage.disk-full`, …
   */
  async catchUp(lowest = 0): Promise<void> {
    const { ledger } = this.#options;
    this.#lowest = lowest;
    if (this.#facts.height >= 0) {
      const block = ledger.block(this.#facts.height);
      if (block === undefined || hashHeader(encodeHeader(block.header)) !== this.#facts.mark) this.#facts.clear();
    }
    this.#target = Math.max(this.#facts.height, ledger.height);
    await this.#settle();
  }

  /**
   * Steps that are about a subject, oldest first: all that was committed before the call is in it.
   *
   * @param options - `after`: cursor of the page before; `limit`: 1 to `MAX_TRAIL_PAGE`, 100 by default
   * @throws HansaError `audit.unknown-subject`, `audit.cursor`, `audit.limit`, `audit.missing-block`
   */
  async entries(
    about: string,
    options: { readonly after?: string | undefined; readonly limit?: number | undefined } = {},
  ): Promise<TrailPage> {
    const limit = options.limit ?? 100;
    const items: TrailStep[] = [];
    let after = options.after === undefined ? undefined : parseTrailCursor(options.after);
    await this.#prepare(about, limit);
    let read: { height: number; block: TrailBlock } | undefined;
    for (;;) {
      // One more than wanted tells whether there is a next page.
      const places = this.#facts.find(about, { after, limit: limit + 1 - items.length });
      for (const place of places) {
        if (read?.height !== place.height) {
          if (read !== undefined) await nextTurn();
          read = { height: place.height, block: this.#block(place.height) };
        }
        after = place;
        const step = stepOf(read.block, place, about);
        if (step !== undefined) items.push(step);
      }
      if (items.length > limit) {
        const page = items.slice(0, limit);
        return { items: page, next: formatTrailCursor(page.at(-1) as Place) };
      }
      if (places.length === 0) return { items };
    }
  }

  /**
   * Places of the transactions about a subject, ascending: what `buildTrailProof` wants.
   *
   * @param options - `after`: only behind this place; `limit`: at most so many, the first ones, or the last ones with `newest`
   * @throws HansaError `audit.unknown-subject`, `audit.limit`
   */
  async places(
    about: string,
    options: { readonly after?: Place | undefined; readonly limit: number; readonly newest?: boolean },
  ): Promise<Place[]> {
    await this.#prepare(about, options.limit);
    const { after, limit, newest = false } = options;
    const places = this.#facts.find(about, { after: newest ? undefined : after, limit, newest });
    if (!newest) return places;
    const behind = ({ height, index }: Place) =>
      after === undefined || height > after.height || (height === after.height && index > after.index);
    return places.filter(behind).reverse();
  }

  /** Indexes what is queued and follows no more; the database stays open. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancel?.();
    // What fails here is caught up at the next start.
    this.#attempt(() => {
      while (this.waiting > 0) this.#indexBatch();
    });
  }

  async #prepare(about: string, limit: number): Promise<void> {
    kindOfSubject(about);
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_TRAIL_PAGE)
      throw auditError("audit.limit", `${limit} is not 1 to ${MAX_TRAIL_PAGE}`, { limit });
    await this.#settle();
  }

  async #settle(): Promise<void> {
    const target = this.#target;
    while (this.#next <= target) {
      this.#indexBatch();
      if (this.#next <= target) await nextTurn();
    }
  }

  #schedule(ms: number): void {
    if (this.#cancel !== undefined || this.#stopped) return;
    this.#cancel = this.#options.clock.after(ms, () => {
      this.#cancel = undefined;
      const done = this.#attempt(() => {
        if (this.waiting > 0) this.#indexBatch();
      });
      if (this.waiting > 0) this.#schedule(done ? 0 : RETRY_MS);
    });
  }

  #attempt(run: () => void): boolean {
    try {
      run();
      return true;
    } catch (error) {
      this.#options.onFailure?.(error);
      return false;
    }
  }

  #indexBatch(): void {
    const blocks: FactBlock[] = [];
    let places = 0;
    let last: BlockHeader | undefined;
    for (let height = this.#next; height <= this.#target && places < BATCH_PLACES; height++) {
      const followed = this.#take(height);
      const facts = factsOf(followed);
      blocks.push(facts.block);
      places += facts.places;
      last = followed.header;
      // Blocks without facts are cheap, not free.
      if (blocks.length >= BATCH_PLACES) break;
    }
    if (last !== undefined) this.#facts.append(blocks, hashHeader(encodeHeader(last)));
  }

  /** The block of a height, from the queue where it is there. */
  #take(height: number): FollowedBlock {
    for (let first = this.#queue.peek(); first !== undefined; first = this.#queue.peek()) {
      if (first.header.height > height) break;
      this.#queue.shift();
      if (first.header.height === height) return first;
    }
    return this.#block(height);
  }

  #block(height: number): TrailBlock {
    const block = this.#options.ledger.block(height);
    if (block === undefined) throw auditError("audit.missing-block", `there is no block ${height}`, { height });
    return block;
  }
}

/** Nothing where the place is of another subject with the same hash. */
function stepOf(block: TrailBlock, { height, index }: Place, about: string): TrailStep | undefined {
  const receipt = block.receipts[index];
  const facts = receipt?.facts.filter((fact) => fact.about.includes(about)) ?? [];
  if (receipt === undefined || facts.length === 0) return undefined;
  const signers = decodeTransaction(block.transactions[index] as Uint8Array).signatures.map(({ did }) => did);
  return { height, index, time: block.header.time, id: receipt.id, signers, facts };
}
