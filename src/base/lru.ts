/**
 * A map with a limit, in two generations: what was used since the younger began is safe, the rest goes when the younger is full. It
 * keeps at least the `limit / 2` entries used last and never more than `limit` (rounded up to even). Reading what is young costs one look-up, where a
 * strict order would cost two writes.
 */
export class Lru<Key, Value> {
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  readonly #generation: number;
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
    this.#generation = Math.ceil(limit / 2);
  }

  get size(): number {
    let size = this.#young.size;
    for (const key of this.#old.keys()) if (!this.#young.has(key)) size++;
    return size;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    if (this.limit === 0) return;
    if (this.#young.size >= this.#generation && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
