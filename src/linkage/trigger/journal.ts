/** Changes that are not on disk yet. One batch takes them all, so that what is on disk is the state behind one event, whole. */

import type { Clock } from "#base";
import { type DurableMap, decodeRecord, encodeRecord, type MapChange } from "#events";

export class Journal {
  readonly #store: DurableMap;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #dirty = new Map<string, object | null>();
  #cancel: (() => void) | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(store: DurableMap, clock: Clock, onError: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onError = onError;
  }

  get size(): number {
    return this.#dirty.size;
  }

  /** Notes a record, which is encoded as it is when the batch is written; `null` removes. */
  put(key: string, record: object | null): void {
    this.#dirty.set(key, record);
  }

  /** A record with the changes that are not on disk yet. */
  get<Kept extends object>(key: string): Kept | undefined {
    const dirty = this.#dirty.get(key);
    if (dirty !== undefined) return dirty === null ? undefined : (dirty as Kept);
    return decodeRecord<Kept>(this.#store.get(key));
  }

  /** Writes everything that is noted. Where that fails it stays noted, and goes with the next. */
  commit(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#at = Number.POSITIVE_INFINITY;
    if (this.#dirty.size === 0) return;
    const changes: MapChange[] = [];
    for (const [key, record] of this.#dirty)
      changes.push({ key, value: record === null ? null : encodeRecord(record) });
    this.#store.batch(changes);
    this.#dirty.clear();
  }

  /** Writes within `ms`, unless something is written sooner. */
  later(ms: number): void {
    const at = this.#clock.now() + ms;
    if (this.#dirty.size === 0 || at >= this.#at) return;
    this.#cancel?.();
    this.#at = at;
    this.#cancel = this.#clock.after(ms, () => {
      try {
        this.commit();
      } catch (error) {
        this.#onError(error);
        this.later(1000);
      }
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }
}
