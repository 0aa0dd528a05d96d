/** A durable map for the tests of rooms that keep something in one. */
import type { DurableMap, MapChange } from "./durable-map.ts";

/** A power cut: nothing that was not written exists. */
export class PowerCut extends Error {}

/** A durable map in memory. It outlives the runtimes over it, and can cut the power before or after a batch. */
export class MemoryStore implements DurableMap {
  readonly entries = new Map<string, Uint8Array>();
  batches = 0;
  /** Power goes at this batch, counted from 1; `after`: once it is written. */
  cut: { at: number; after: boolean } | undefined;

  get(key: string): Uint8Array | undefined {
    return this.entries.get(key);
  }

  list(prefix: string, options: { after?: string; limit?: number } = {}): { key: string; value: Uint8Array }[] {
    return [...this.entries]
      .filter(([key]) => key.startsWith(prefix) && (options.after === undefined || key > options.after))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, options.limit)
      .map(([key, value]) => ({ key, value }));
  }

  batch(changes: readonly MapChange[]): void {
    this.batches++;
    const hit = this.cut !== undefined && this.batches >= this.cut.at;
    if (hit && (this.batches > (this.cut?.at ?? 0) || !this.cut?.after)) throw new PowerCut();
    for (const { key, value } of changes) {
      if (value === null) this.entries.delete(key);
      else this.entries.set(key, value);
    }
    if (hit) throw new PowerCut();
  }
}
