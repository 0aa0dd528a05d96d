/**
 * Batches of receipts on their way to the ledger. About once a second the open batch is closed and its root anchored. A batch that could not
 * be anchored is offered again, the same to the byte, until it is: as the very same transaction while an anchor whose answer was lost may
 * still be executed. The next is closed only then, and takes everything that came meanwhile. So the ledger's cost does not grow with the rate.
 *
 * Which receipts a batch has, and where it is kept, is its owner's; what is offered when is said here alone.
 */
import { type Clock, encodeBase64Url, encodeUtf8, isHansaError } from "#base";
import { sha256 } from "#crypto";

/** Where the anchoring transaction stands. */
export interface AnchorPlace {
  readonly height: number;
  readonly index: number;
}

/** A closed batch, as it is kept. */
export interface AnchoredBatch<Count> {
  readonly root: string;
  readonly size: number;
  /** What the ledger is to add up; fewer than at first where it refused one of them. */
  readonly counts: readonly Count[];
  /** `until` of the offer that may have been made before. */
  readonly until?: number;
  /** The ledger will never take it: it counts none of what is in it. */
  readonly refused?: true;
  readonly place?: AnchorPlace;
}

/** What is offered to the ledger. */
export interface AnchorOffer<Count> {
  /** Follows from the batch: where an anchor is tried again it is the same, fit for a transaction's `jti`. */
  readonly id: string;
  /** Seconds since 1970, for the transaction's `exp`: with the same `id` the ledger executes it once at most. */
  readonly until: number;
  readonly root: string;
  readonly size: number;
  readonly counts: readonly Count[];
}

/** The batches of one owner, in their order. */
export interface BatchQueue<Count> {
  /** Closes the batch that takes receipts, where it has any and no other waits; durable when it returns. */
  close(): void;
  /** Number of the first batch that is closed and not anchored. */
  next(): number | undefined;
  load(number: number): AnchoredBatch<Count>;
  /** Durable when it returns. */
  save(number: number, batch: AnchoredBatch<Count>): void;
  /** Keeps what became of the first batch, and goes on to the next; durable when it returns. */
  end(number: number, batch: AnchoredBatch<Count>): void;
}

export interface BatchAnchorOptions<Count> {
  /** In the id: batches of two kinds never have the same. */
  readonly label: string;
  readonly queue: BatchQueue<Count>;
  readonly clock: Clock;
  /** Time of the ledger's last block, milliseconds: what ended by then is executed in no later one. */
  readonly blockTime: () => number;
  /** Anchors a batch. A rejection means that it is not known to be anchored: the same is offered again. */
  readonly anchor: (offer: AnchorOffer<Count>) => Promise<AnchorPlace>;
  /** Where a root is anchored already, if it is: asked before a batch is offered again, and when `anchor` fails. */
  readonly find?: ((root: string) => Promise<AnchorPlace | undefined>) | undefined;
  /** Whether a refusal is about this count: it must not hold up the rest. The receipts stay under the root, uncounted. */
  readonly isAbout: (count: Count, refusal: Readonly<Record<string, unknown>>) => boolean;
  /** How often the open batch is closed, milliseconds; 1,000 by default. */
  readonly everyMs?: number | undefined;
  /** Hears of anchors and writes that failed. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const EVERY_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** How long an offer may be executed. */
const OFFER_SECONDS = 60;

/**
 * Closes and anchors an owner's batches while it runs.
 *
 * @example
 * ```ts
 * const anchor = new BatchAnchor({ label: "hansa access batch", queue, clock, blockTime, anchor: submitAnchor, isAbout });
 * anchor.start();
 * anchor.stop();
 * ```
 */
export class BatchAnchor<Count> {
  readonly #options: BatchAnchorOptions<Count>;
  readonly #everyMs: number;
  #failures = 0;
  #anchoring = false;
  #stopped = false;
  #cancel: (() => void) | undefined;

  constructor(options: BatchAnchorOptions<Count>) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? EVERY_MS;
  }

  /** Begins to close batches and to anchor them. */
  start(): void {
    this.#schedule(this.#everyMs);
  }

  /** Stops; what waits is anchored after the next start. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(ms, () => void this.#run());
  }

  async #run(): Promise<void> {
    if (this.#anchoring) return;
    this.#anchoring = true;
    const { queue } = this.#options;
    try {
      queue.close();
      for (let number = queue.next(); number !== undefined && !this.#stopped; number = queue.next())
        await this.#anchor(number);
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
    const { label, queue, anchor, find, blockTime } = this.#options;
    const batch = queue.load(number);
    const { root, size, counts } = batch;
    // Looked at before anybody is asked: what is over by now and is not found afterwards never comes.
    const isOver = batch.until !== undefined && batch.until * 1000 <= blockTime();
    let place = batch.until === undefined ? undefined : await find?.(root);
    if (place === undefined) {
      // An anchor whose answer is lost may stand all the same, or still be on its way: whoever looks at this batch again must know.
      const until = batch.until ?? this.#offer(number, batch);
      // Fewer counts are another transaction, so the id follows from them too.
      const id = encodeBase64Url(sha256(encodeUtf8(`${label}\0${root}\0${counts.length}`)));
      try {
        place = await anchor({ id, until, root, size, counts });
      } catch (error) {
        place = placeOf(error) ?? (await find?.(root));
        if (place === undefined && isOver) this.#offer(number, batch);
        if (place === undefined && !this.#leaveOut(number, batch, error)) throw error;
        if (place === undefined) return;
      }
    }
    const { height, index } = place;
    queue.end(number, { ...batch, place: { height, index } });
  }

  /** Stores until when a batch's anchor may be executed, before it is sent. */
  #offer(number: number, batch: AnchoredBatch<Count>): number {
    const until = Math.floor(this.#options.clock.now() / 1000) + OFFER_SECONDS;
    this.#options.queue.save(number, { ...batch, until });
    return until;
  }

  /** The batch goes without the count that was refused; where nothing is left to count, nothing can be anchored. */
  #leaveOut(number: number, batch: AnchoredBatch<Count>, error: unknown): boolean {
    if (!isHansaError(error)) return false;
    const { queue, isAbout, onError } = this.#options;
    const refusal = error.payload as Readonly<Record<string, unknown>>;
    const counts = batch.counts.filter((count) => !isAbout(count, refusal));
    if (counts.length === batch.counts.length) return false;
    onError?.(error);
    if (counts.length === 0) queue.end(number, { ...batch, refused: true });
    else queue.save(number, { ...batch, counts });
    return true;
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
