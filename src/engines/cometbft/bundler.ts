import { randomBytes } from "node:crypto";
import { BoundedQueue, type Clock, type HansaError } from "#base";
import { BUNDLE_LIMITS, bundleOverhead, encodeBundle, NONCE_BYTES } from "./bundle.ts";
import type { BundleCache } from "./bundle-cache.ts";
import { compressBundle } from "./compressed-bundle.ts";
import type { Waiting } from "./waiting.ts";

export interface BundlerLimits {
  /** How long the first transaction waits for others where none of ours is under way, milliseconds. */
  readonly gather: number;
  /** And where some are: what comes meanwhile travels together. */
  readonly delay: number;
  /** Bytes and transactions at which a bundle goes without waiting. */
  readonly bytes: number;
  readonly transactions: number;
  /** Bytes of bundles that are under way at most; the rest waits here. */
  readonly flight: number;
  /** Transactions and bytes that wait here at most. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** After how long a bundle that is in none of the blocks since then is sent again though the pool holds something, milliseconds. */
  readonly retry: number;
}

export const BUNDLER_DEFAULTS: BundlerLimits = {
  gather: 2,
  delay: 25,
  bytes: 131_072,
  transactions: 1000,
  flight: 8 << 20,
  waiting: 20_000,
  waitingBytes: 64 << 20,
  retry: 10_000,
};

export interface BundlerOptions {
  readonly clock: Clock;
  readonly bundles: BundleCache;
  readonly limits: BundlerLimits;
  /** Hands bundles to CometBFT: for each, why it was not taken. */
  readonly send: (bundles: readonly Uint8Array[]) => Promise<readonly (HansaError | undefined)[]>;
  /** How many bundles CometBFT's pool holds. */
  readonly pooled: () => Promise<number>;
}

/** A bundle that is under way. */
interface Flight {
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly items: readonly Waiting[];
  /** Times that these transactions were sent before. */
  readonly attempt: number;
  sentAt: number;
  /** Blocks with bundles that were committed before it was sent. */
  sentAfter: number;
  /** CometBFT did not take it, or has lost it. */
  lost: boolean;
}

/**
 * In how many blocks with bundles one must be missing before it is sent again though the pool holds something: while blocks are slow, or this
 * process is, more of the same would help nobody.
 */
const MISSED = 4;
/** How often what is under way is looked after, milliseconds. */
const LOOK = 250;
/** After how long an empty pool means that a bundle was lost, the first time; each time it takes twice as long, up to `MOST_PATIENCE`. */
const PATIENCE = 2000;
const MOST_PATIENCE = 30_000;
/** Pause before a refused bundle is sent again, the first time and at most. */
const PAUSE = 100;
const MOST_PAUSE = 2000;
/** Bytes in one message to CometBFT. */
const MESSAGE_BYTES = 2 << 20;

/**
 * Packs transactions into bundles and hands them to CometBFT until each is in a block. CometBFT forgets its pool when its process ends, its
 * pool may be full, and it takes no bundle twice: what has to be sent again goes as a new bundle of what still waits.
 */
export class Bundler {
  readonly #options: BundlerOptions;
  readonly #queue: BoundedQueue<Waiting>;
  readonly #flights = new Map<string, Flight>();
  #queuedBytes = 0;
  #flightBytes = 0;
  /** Blocks with bundles, since the start. */
  #blocks = 0;
  /** Bundles that were made and that no message has taken yet. */
  #ready: Flight[] = [];
  #sending = false;
  #stopped = false;
  #timer: (() => void) | undefined;
  #lookTimer: (() => void) | undefined;

  constructor(options: BundlerOptions) {
    this.#options = options;
    this.#queue = new BoundedQueue(options.limits.waiting);
  }

  /** False where as much waits as may: it is not taken then. */
  add(item: Waiting): boolean {
    const { limits } = this.#options;
    const { length } = item.candidate.bytes;
    if (this.#queuedBytes + length > limits.waitingBytes || !this.#queue.push(item)) return false;
    this.#queuedBytes += length;
    this.#schedule();
    this.#watch();
    return true;
  }

  /** These bundles, of whomever, stand in a block. */
  committed(hashes: readonly string[]): void {
    if (hashes.length > 0) this.#blocks++;
    for (const hash of hashes) this.#land(hash);
    if (this.#flights.size === 0 && this.#queue.size > 0) this.#pack();
    else this.#schedule();
  }

  /** CometBFT's process has ended, and its pool with it. */
  poolLost(): void {
    for (const flight of this.#flights.values()) flight.lost = true;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.();
    this.#lookTimer?.();
  }

  #land(hash: string): void {
    const flight = this.#flights.get(hash);
    if (flight === undefined) return;
    this.#flights.delete(hash);
    this.#flightBytes -= flight.bytes.length;
  }

  /** Sees to it that what waits is packed in time. */
  #schedule(): void {
    const { limits, clock } = this.#options;
    if (this.#stopped || this.#queue.size === 0 || this.#flightBytes >= limits.flight) return;
    if (this.#queuedBytes >= limits.bytes || this.#queue.size >= limits.transactions) {
      this.#pack();
    } else {
      this.#timer ??= clock.after(this.#flights.size === 0 ? limits.gather : limits.delay, () => {
        this.#timer = undefined;
        this.#pack();
      });
    }
  }

  /** Packs all that waits, as far as it may be under way. */
  #pack(): void {
    this.#timer?.();
    this.#timer = undefined;
    if (this.#stopped) return;
    while (this.#queue.size > 0 && this.#flightBytes < this.#options.limits.flight) {
      const items = this.#take();
      if (items.length > 0) this.#launch(items, 0);
    }
    void this.#send();
  }

  /** The next bundle's transactions. */
  #take(): Waiting[] {
    const { limits } = this.#options;
    const items: Waiting[] = [];
    let bytes = 0;
    const most = Math.min(limits.transactions, BUNDLE_LIMITS.transactions);
    while (items.length < most) {
      const next = this.#queue.peek();
      if (next === undefined) break;
      const { length } = next.candidate.bytes;
      const full =
        bytes + length > limits.bytes || bytes + length + bundleOverhead(items.length + 1) > BUNDLE_LIMITS.bytes;
      if (items.length > 0 && full) break;
      this.#queue.shift();
      this.#queuedBytes -= length;
      // Another member's bundle may have brought it in the meantime.
      if (next.settled) continue;
      items.push(next);
      bytes += length;
    }
    return items;
  }

  #launch(items: readonly Waiting[], attempt: number): void {
    const { bundles, clock } = this.#options;
    const transactions = items.map(({ candidate }) => candidate.bytes);
    const bytes = compressBundle(encodeBundle(transactions, randomBytes(NONCE_BYTES)));
    // Known here before CometBFT asks about it.
    const { hash } = bundles.addOwn(bytes, transactions);
    const flight: Flight = { hash, bytes, items, attempt, sentAt: clock.now(), sentAfter: this.#blocks, lost: false };
    this.#flights.set(hash, flight);
    this.#flightBytes += bytes.length;
    this.#ready.push(flight);
  }

  /** One message at a time: bundles keep their order. */
  async #send(): Promise<void> {
    if (this.#sending || this.#stopped) return;
    this.#sending = true;
    try {
      while (this.#ready.length > 0 && !this.#stopped) {
        const message: Flight[] = [];
        let bytes = 0;
        for (const flight of this.#ready) {
          if (message.length > 0 && bytes + flight.bytes.length > MESSAGE_BYTES) break;
          message.push(flight);
          bytes += flight.bytes.length;
        }
        this.#ready = this.#ready.slice(message.length);
        const outcomes = await this.#options.send(message.map((flight) => flight.bytes)).catch(() => undefined);
        const now = this.#options.clock.now();
        message.forEach((flight, i) => {
          flight.sentAt = now;
          flight.sentAfter = this.#blocks;
          if (outcomes === undefined || outcomes[i] !== undefined) flight.lost = true;
        });
      }
    } finally {
      this.#sending = false;
    }
  }

  /** Looks after what is under way for as long as there is anything. */
  #watch(): void {
    if (this.#stopped) return;
    this.#lookTimer ??= this.#options.clock.after(LOOK, () => {
      void this.#look().finally(() => {
        this.#lookTimer = undefined;
        if (this.#flights.size > 0 || this.#queue.size > 0) this.#watch();
      });
    });
  }

  async #look(): Promise<void> {
    const { clock, limits, pooled } = this.#options;
    const now = clock.now();
    const late: Flight[] = [];
    let asks = false;
    for (const flight of this.#flights.values()) {
      const age = Math.abs(now - flight.sentAt);
      if (flight.items.every(({ settled }) => settled)) this.#abandon(flight);
      else if (flight.lost) {
        if (age >= Math.min(PAUSE * 2 ** flight.attempt, MOST_PAUSE)) late.push(flight);
      } else if (age >= limits.retry * (flight.attempt + 1) && this.#blocks - flight.sentAfter >= MISSED)
        late.push(flight);
      else if (age >= patience(flight)) asks = true;
    }
    // An empty pool: what we handed over long enough ago was neither kept nor ordered.
    if (asks && (await pooled().catch(() => undefined)) === 0)
      for (const flight of this.#flights.values())
        if (!late.includes(flight) && Math.abs(now - flight.sentAt) >= patience(flight)) late.push(flight);
    for (const flight of late) this.#relaunch(flight);
    this.#schedule();
    await this.#send();
  }

  /** Sends what still waits of a bundle as a new one. */
  #relaunch(flight: Flight): void {
    if (!this.#flights.has(flight.hash) || this.#stopped) return;
    this.#abandon(flight);
    const items = flight.items.filter(({ settled }) => !settled);
    if (items.length > 0) this.#launch(items, flight.attempt + 1);
  }

  /** Counts on a bundle no longer. It may still come in a block. */
  #abandon(flight: Flight): void {
    this.#land(flight.hash);
    this.#ready = this.#ready.filter((other) => other !== flight);
    this.#options.bundles.release(flight.hash);
  }
}

function patience({ attempt }: Flight): number {
  return Math.min(PATIENCE * 2 ** attempt, MOST_PATIENCE);
}
