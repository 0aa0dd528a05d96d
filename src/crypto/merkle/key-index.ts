// With a million keys, limits of 128 to 512 measure alike: a search waits for memory, and moving a chunk is cheap.
const CHUNK_LIMIT = 256;

interface Chunk {
  readonly keys: string[];
  readonly slots: number[];
}

/**
 * Sorted keys, each with its slot, in chunks: floor search is two binary searches, an insert or removal moves at most one
 * chunk. The smallest key is always "" with slot 0, so that every search has a floor.
 */
export class KeyIndex {
  // firsts[i] === chunks[i].keys[0], kept apart so that the outer search touches one array.
  #chunks: Chunk[] = [{ keys: [""], slots: [0] }];
  #firsts: string[] = [""];
  #size = 1;
  // Where the last `seek` ended. Valid until the next change.
  #chunk = 0;
  #offset = 0;
  #version = 0;

  /**
   * Index of keys that are sorted already.
   *
   * @param keys - ascending, distinct, without ""
   * @param slots - of the same length
   */
  static fromSorted(keys: readonly string[], slots: ArrayLike<number>): KeyIndex {
    const index = new KeyIndex();
    const fill = Math.floor((CHUNK_LIMIT * 3) / 4);
    for (let start = 0; start < keys.length; start += fill) {
      const end = Math.min(keys.length, start + fill);
      const chunk: Chunk = { keys: keys.slice(start, end), slots: [] };
      for (let i = start; i < end; i++) chunk.slots.push(slots[i] as number);
      index.#chunks.push(chunk);
      index.#firsts.push(chunk.keys[0] as string);
    }
    index.#size += keys.length;
    return index;
  }

  /** Number of keys, "" included. */
  get size(): number {
    return this.#size;
  }

  /** Moves to the greatest key that is not above `key`; true where it is `key` itself. */
  seek(key: string): boolean {
    const firsts = this.#firsts;
    let low = 0;
    let high = firsts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((firsts[middle] as string) <= key) low = middle;
      else high = middle - 1;
    }
    this.#chunk = low;
    const keys = (this.#chunks[low] as Chunk).keys;
    low = 0;
    high = keys.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((keys[middle] as string) <= key) low = middle;
      else high = middle - 1;
    }
    this.#offset = low;
    return keys[low] === key;
  }

  /** Slot of the key that `seek` moved to. */
  get slot(): number {
    return (this.#chunks[this.#chunk] as Chunk).slots[this.#offset] as number;
  }

  /** The key that `seek` moved to. */
  get key(): string {
    return (this.#chunks[this.#chunk] as Chunk).keys[this.#offset] as string;
  }

  /** The key behind it in order; "" where it is the last. */
  get next(): string {
    const keys = (this.#chunks[this.#chunk] as Chunk).keys;
    if (this.#offset + 1 < keys.length) return keys[this.#offset + 1] as string;
    return this.#firsts[this.#chunk + 1] ?? "";
  }

  /** Moves one key back. The position must not be on "". */
  back(): void {
    if (this.#offset > 0) this.#offset--;
    else {
      this.#chunk--;
      this.#offset = (this.#chunks[this.#chunk] as Chunk).keys.length - 1;
    }
  }

  /** Adds a key that is not there. */
  insert(key: string, slot: number): void {
    this.seek(key);
    const chunk = this.#chunks[this.#chunk] as Chunk;
    chunk.keys.splice(this.#offset + 1, 0, key);
    chunk.slots.splice(this.#offset + 1, 0, slot);
    if (chunk.keys.length > CHUNK_LIMIT) {
      const half = chunk.keys.length >>> 1;
      const upper: Chunk = { keys: chunk.keys.splice(half), slots: chunk.slots.splice(half) };
      this.#chunks.splice(this.#chunk + 1, 0, upper);
      this.#firsts.splice(this.#chunk + 1, 0, upper.keys[0] as string);
    }
    this.#size++;
    this.#version++;
  }

  /** Removes a key that is there; never "". */
  remove(key: string): void {
    this.seek(key);
    const chunk = this.#chunks[this.#chunk] as Chunk;
    chunk.keys.splice(this.#offset, 1);
    chunk.slots.splice(this.#offset, 1);
    if (chunk.keys.length === 0) {
      this.#chunks.splice(this.#chunk, 1);
      this.#firsts.splice(this.#chunk, 1);
    } else if (this.#offset === 0) this.#firsts[this.#chunk] = chunk.keys[0] as string;
    this.#size--;
    this.#version++;
  }

  /** Keys above `after`, ascending. Goes on at the right place when keys come and go between two steps. */
  *keysAbove(after: string): IterableIterator<string> {
    let last = after;
    for (;;) {
      this.seek(last);
      let at = this.#chunk;
      let offset = this.#offset + 1;
      const version = this.#version;
      for (;;) {
        const chunk = this.#chunks[at];
        if (chunk === undefined) return;
        if (offset >= chunk.keys.length) {
          at++;
          offset = 0;
          continue;
        }
        last = chunk.keys[offset++] as string;
        yield last;
        if (this.#version !== version) break;
      }
    }
  }
}
