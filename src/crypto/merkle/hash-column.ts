import { hashPairs } from "#crypto/backend";

const PAGE_BITS = 11;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;

/** Words of 32 bits in one hash. */
export const HASH_WORDS = 8;

/**
 * A growing column of 32-byte hashes in pages of 64 KiB. Pages and not one array that doubles: growing by one hash never
 * copies the others, so a block that crosses a power of two is as fast as the next. Copies go by 32-bit words, which is
 * quicker than `set` of subarrays at this size and the same on every byte order, since words are only moved.
 */
export class HashColumn {
  readonly #words: Int32Array[] = [];
  readonly #bytes: Uint8Array[] = [];

  #page(page: number): Int32Array {
    while (this.#words.length <= page) {
      const words = new Int32Array(PAGE_SIZE * HASH_WORDS);
      this.#words.push(words);
      this.#bytes.push(new Uint8Array(words.buffer));
    }
    return this.#words[page] as Int32Array;
  }

  /** Copies a hash that was set before to `target`, from the word `at` on. */
  copyTo(index: number, target: Int32Array, at: number): void {
    const words = this.#words[index >>> PAGE_BITS] as Int32Array;
    const from = (index & PAGE_MASK) * HASH_WORDS;
    for (let i = 0; i < HASH_WORDS; i++) target[at + i] = words[from + i] as number;
  }

  /** Sets a hash from the words of `source`, from the word `at` on. */
  setWords(index: number, source: Int32Array, at: number): void {
    const words = this.#words[index >>> PAGE_BITS] ?? this.#page(index >>> PAGE_BITS);
    const to = (index & PAGE_MASK) * HASH_WORDS;
    for (let i = 0; i < HASH_WORDS; i++) words[to + i] = source[at + i] as number;
  }

  /** Sets a hash from 32 bytes. */
  setBytes(index: number, hash: Uint8Array): void {
    if (this.#words.length <= index >>> PAGE_BITS) this.#page(index >>> PAGE_BITS);
    (this.#bytes[index >>> PAGE_BITS] as Uint8Array).set(hash, (index & PAGE_MASK) * 32);
  }

  /** Makes room up to `index`; what was never set is zero. */
  touch(index: number): void {
    this.#page(index >>> PAGE_BITS);
  }

  /** The 32 bytes of a hash that was set before: a view, not to be written or kept. */
  view(index: number): Uint8Array {
    const at = (index & PAGE_MASK) * 32;
    return (this.#bytes[index >>> PAGE_BITS] as Uint8Array).subarray(at, at + 32);
  }

  /** The bytes of the page that a hash lies on, at `offset(index)`. Not to be written. */
  page(index: number): Uint8Array {
    return this.#bytes[index >>> PAGE_BITS] as Uint8Array;
  }

  /** Where in its page a hash starts. */
  offset(index: number): number {
    return (index & PAGE_MASK) * 32;
  }

  /**
   * The column of the parents of the first `width` hashes, hashed page by page.
   *
   * @param zero - what stands right of the last hash where `width` is odd
   */
  parents(width: number, zero: Uint8Array): HashColumn {
    const parents = new HashColumn();
    const pairs = Math.floor(width / 2);
    for (let start = 0; start < pairs; start += PAGE_SIZE / 2) {
      const count = Math.min(PAGE_SIZE / 2, pairs - start);
      parents.#page(start >>> PAGE_BITS);
      const out = (parents.#bytes[start >>> PAGE_BITS] as Uint8Array).subarray((start & PAGE_MASK) * 32);
      hashPairs(this.#bytes[(start * 2) >>> PAGE_BITS] as Uint8Array, out, count);
    }
    if (width % 2 === 1) {
      const pair = new Uint8Array(64);
      const out = new Uint8Array(32);
      pair.set(this.view(width - 1));
      pair.set(zero, 32);
      hashPairs(pair, out, 1);
      parents.setBytes(pairs, out);
    }
    return parents;
  }
}
