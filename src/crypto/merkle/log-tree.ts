/**
 * Append-only logs, hashed as RFC 6962 §2.1 has it (leaf 0x00, node 0x01), so that verifiers of certificate transparency and
 * tlog-tiles check our proofs. Sizes go up to 2^53: indices are divided, never shifted.
 */
import { encodeUtf8, encodeUtf8Into, equalBytes } from "#base";
import { sha256Into } from "#crypto/backend";
import { cryptoError } from "../errors.ts";

const nodePreimage = new Uint8Array(65);
nodePreimage[0] = 0x01;

/** Where the preimages of most leaves are made, behind their 0x00: a block's transactions are hashed one after the other. */
const leafPreimage = new Uint8Array(4096);

/**
 * Hash of a log's entry: SHA-256(0x00 ‖ body).
 *
 * @example
 * ```ts
 * log.append([leafHash(encodeUtf8("entry"))]);
 * ```
 */
export function leafHash(body: Uint8Array): Uint8Array {
  const length = body.length + 1;
  const preimage = length <= leafPreimage.length ? leafPreimage.subarray(0, length) : new Uint8Array(length);
  preimage.set(body, 1);
  const hash = new Uint8Array(32);
  sha256Into(hash, preimage);
  return hash;
}

/** `leafHash` of a text in UTF-8. */
export function leafHashOfText(text: string): Uint8Array {
  if (text.length * 3 >= leafPreimage.length) return leafHash(encodeUtf8(text));
  const length = 1 + encodeUtf8Into(leafPreimage.subarray(1), text);
  const hash = new Uint8Array(32);
  sha256Into(hash, leafPreimage.subarray(0, length));
  return hash;
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodePreimage.set(left, 1);
  nodePreimage.set(right, 33);
  const hash = new Uint8Array(32);
  sha256Into(hash, nodePreimage);
  return hash;
}

/** Root of the log without entries: SHA-256 of nothing. */
function emptyRoot(): Uint8Array {
  const hash = new Uint8Array(32);
  sha256Into(hash, new Uint8Array(0));
  return hash;
}

/** Hash of entries [start, end), end > start. */
type RangeHash = (start: number, end: number) => Uint8Array;

/** Largest power of two below n, n > 1: where RFC 6962 splits n leaves. */
function splitOf(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** PATH(index, D[start:end]) of RFC 6962 §2.1.1, from the bottom up. */
function auditPath(range: RangeHash, index: number, start: number, end: number): Uint8Array[] {
  if (end - start === 1) return [];
  const middle = start + splitOf(end - start);
  return index < middle
    ? [...auditPath(range, index, start, middle), range(middle, end)]
    : [...auditPath(range, index, middle, end), range(start, middle)];
}

/** SUBPROOF(size, D[start:end], whole) of RFC 6962 §2.1.2. */
function subProof(range: RangeHash, size: number, start: number, end: number, whole: boolean): Uint8Array[] {
  if (size === end) return whole ? [] : [range(start, end)];
  const middle = start + splitOf(end - start);
  return size <= middle
    ? [...subProof(range, size, start, middle, whole), range(middle, end)]
    : [...subProof(range, size, middle, end, false), range(start, middle)];
}

function rangeOf(hashes: readonly Uint8Array[]): RangeHash {
  const range: RangeHash = (start, end) => {
    if (end - start === 1) return hashes[start] as Uint8Array;
    const middle = start + splitOf(end - start);
    return nodeHash(range(start, middle), range(middle, end));
  };
  return range;
}

function checkRange(holds: boolean, payload: object): void {
  if (!holds) throw cryptoError("crypto.log-range", "an index or a size lies outside of the log", payload);
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Root of a log of these leaf hashes (MTH, RFC 6962 §2.1). */
export function treeHash(leafHashes: readonly Uint8Array[]): Uint8Array {
  return leafHashes.length === 0 ? emptyRoot() : rangeOf(leafHashes)(0, leafHashes.length);
}

/**
 * Proof that the leaf at `index` is in the log of these leaf hashes, from the bottom up. Hashes the whole log: a log of any
 * size proves with `LogTree.inclusion`.
 *
 * @throws HansaError `crypto.log-range`
 */
export function inclusionProof(leafHashes: readonly Uint8Array[], index: number): Uint8Array[] {
  checkRange(isSize(index) && index < leafHashes.length, { index, size: leafHashes.length });
  return auditPath(rangeOf(leafHashes), index, 0, leafHashes.length);
}

/**
 * Proof that the log of these leaf hashes starts with the log of its first `oldSize`.
 *
 * @throws HansaError `crypto.log-range`
 */
export function consistencyProof(leafHashes: readonly Uint8Array[], oldSize: number): Uint8Array[] {
  checkRange(isSize(oldSize) && oldSize <= leafHashes.length, { oldSize, size: leafHashes.length });
  return oldSize === 0 ? [] : subProof(rangeOf(leafHashes), oldSize, 0, leafHashes.length, true);
}

// A size of 53 bits has at most 53 levels; a consistency proof may hold one hash more.
const LONGEST_PROOF = 54;

function areHashes(proof: unknown, ...values: readonly unknown[]): boolean {
  if (!Array.isArray(proof) || proof.length > LONGEST_PROOF) return false;
  return [...values, ...proof].every((value) => value instanceof Uint8Array && value.length === 32);
}

/**
 * Whether the leaf stands at `index` in the log of `size` entries with this root (RFC 9162 §2.1.3.2). Throws at nothing.
 *
 * @example
 * ```ts
 * verifyInclusion(leafHash(entry), 4, 9, log.inclusion(4, 9), log.root(9)); // true
 * ```
 */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  if (!areHashes(proof, leaf, root)) return false;
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      // A right edge without sibling at its level rises until it has one.
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else hash = nodeHash(hash, sibling);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(hash, root);
}

/**
 * Whether the log of `newSize` entries starts with that of `oldSize` (RFC 9162 §2.1.4.2): the log only grew. Every log starts
 * with the empty one, whose root must then be SHA-256 of nothing. Throws at nothing.
 */
export function verifyConsistency(
  oldSize: number,
  oldRoot: Uint8Array,
  newSize: number,
  newRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false;
  if (!areHashes(proof, oldRoot, newRoot)) return false;
  if (oldSize === newSize)
    return proof.length === 0 && equalBytes(oldRoot, newRoot) && (oldSize > 0 || equalBytes(oldRoot, emptyRoot()));
  if (oldSize === 0) return proof.length === 0 && equalBytes(oldRoot, emptyRoot());
  let at = oldSize - 1;
  let last = newSize - 1;
  while (at % 2 === 1) {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  // Where the old log is a complete subtree, its root is the first hash, and is left out of the proof.
  const path = at === 0 ? [oldRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) return false;
  let oldHash: Uint8Array = first;
  let newHash: Uint8Array = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else newHash = nodeHash(newHash, sibling);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(oldHash, oldRoot) && equalBytes(newHash, newRoot);
}

/** Hash of the complete subtree over leaves [index × 2^level, (index + 1) × 2^level); level 0 are the leaf hashes. */
export type LogNodes = (level: number, index: number) => Uint8Array | undefined;

/** One complete subtree's hash, as it is stored. */
export interface LogNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/**
 * A growing log over stored hashes. It keeps only the roots of the complete subtrees at its right edge, at most 53; whatever
 * else a proof needs is read from the store, O(log size) hashes.
 *
 * Order: what `append` is given and answers must be in the store before a proof or an older root is asked for. When storing
 * fails, the log is ahead of its store: drop it and make a new one.
 *
 * @example
 * ```ts
 * const log = new LogTree((level, index) => store.get(level, index), store.size);
 * const { nodes } = log.append(entries.map(leafHash));
 * store.put(entries, nodes);
 * log.inclusion(3, log.size);
 * ```
 */
export class LogTree {
  readonly #nodes: LogNodes;
  // #edge[level]: root of the complete subtree of that level at the right edge, where the size has that bit.
  readonly #edge: (Uint8Array | undefined)[] = [];
  #size: number;

  /**
   * @param size - entries that the store holds already
   * @throws HansaError `crypto.log-range`, `crypto.log-node-missing`
   */
  constructor(nodes: LogNodes, size = 0) {
    checkRange(isSize(size), { size });
    this.#nodes = nodes;
    this.#size = size;
    let rest = size;
    for (let level = 0; rest > 0; level++, rest = Math.floor(rest / 2))
      this.#edge[level] = rest % 2 === 1 ? this.#node(level, rest - 1) : undefined;
  }

  #node(level: number, index: number): Uint8Array {
    const hash = this.#nodes(level, index);
    if (hash === undefined || hash.length !== 32)
      throw cryptoError("crypto.log-node-missing", "a stored hash of the log is missing", { level, index });
    return hash;
  }

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }

  /** Appends leaf hashes; answers the subtrees that they completed (level 1 and up), to be stored with them. */
  append(leafHashes: readonly Uint8Array[]): { nodes: LogNode[] } {
    const nodes: LogNode[] = [];
    for (const leaf of leafHashes) {
      let hash = leaf;
      let index = this.#size;
      let level = 0;
      for (; index % 2 === 1; level++) {
        hash = nodeHash(this.#edge[level] as Uint8Array, hash);
        this.#edge[level] = undefined;
        index = Math.floor(index / 2);
        nodes.push({ level: level + 1, index, hash });
      }
      this.#edge[level] = hash;
      this.#size++;
    }
    return { nodes };
  }

  /**
   * Root of the log, or of its first `size` entries.
   *
   * @throws HansaError `crypto.log-range`, `crypto.log-node-missing`
   */
  root(size: number = this.#size): Uint8Array {
    checkRange(isSize(size) && size <= this.#size, { size, limit: this.#size });
    if (size === 0) return emptyRoot();
    if (size !== this.#size) return this.#range(0, size);
    let root: Uint8Array | undefined;
    for (const hash of this.#edge) if (hash !== undefined) root = root === undefined ? hash : nodeHash(hash, root);
    return (root as Uint8Array).slice();
  }

  /** Complete subtrees are read; only the right edge is hashed. RFC 6962 splits at powers of two, so starts are aligned. */
  readonly #range: RangeHash = (start, end) => {
    const width = end - start;
    const level = Math.log2(width);
    if (Number.isInteger(level) && 2 ** level === width) return this.#node(level, start / width);
    const middle = start + splitOf(width);
    return nodeHash(this.#range(start, middle), this.#range(middle, end));
  };

  /**
   * Proof that entry `index` is in the log of the first `size` entries.
   *
   * @throws HansaError `crypto.log-range`, `crypto.log-node-missing`
   */
  inclusion(index: number, size: number): Uint8Array[] {
    checkRange(isSize(size) && size <= this.#size && isSize(index) && index < size, { index, size, limit: this.#size });
    return auditPath(this.#range, index, 0, size);
  }

  /**
   * Proof that the log of the first `newSize` entries starts with that of the first `oldSize`.
   *
   * @throws HansaError `crypto.log-range`, `crypto.log-node-missing`
   */
  consistency(oldSize: number, newSize: number): Uint8Array[] {
    checkRange(isSize(oldSize) && isSize(newSize) && oldSize <= newSize && newSize <= this.#size, {
      oldSize,
      newSize,
      limit: this.#size,
    });
    return oldSize === 0 ? [] : subProof(this.#range, oldSize, 0, newSize, true);
  }
}
