/**
 * The authenticated index of a ledger's state: a binary SHA-256 Merkle tree over sequential slots, in memory. Each leaf
 * commits to a key, the digest of its value and the next key in order, so that one leaf proves either that its key is there
 * or that nothing lies between it and the next. Why this and no other tree: docs/adr/0003-indexed-merkle-tree.md.
 */
import { encodeBase64Url } from "#base";
import { hashPairs } from "#crypto/backend";
import { cryptoError } from "../errors.ts";
import { HASH_WORDS, HashColumn } from "./hash-column.ts";
import { KeyIndex } from "./key-index.ts";
import {
  depthOf,
  EMPTY,
  hashLeaf,
  hashLeafInto,
  hashRoot,
  isTreeKey,
  MAX_SLOTS,
  type MembershipProof,
} from "./membership.ts";

/** A record as storage keeps it for start-up. `digest` null: the key was deleted and its slot stands empty. */
export interface TreeRecord {
  /** 1 or more. */
  readonly slot: number;
  readonly key: string;
  readonly digest: Uint8Array | null;
}

/** One change of a block: a new digest for a key, or null to delete it. */
export interface TreeChange {
  readonly key: string;
  readonly digest: Uint8Array | null;
}

/** What a batch of changes would make of the tree. Dropping it leaves no trace. */
export interface StagedChanges {
  readonly root: Uint8Array;
  /** The slot of each change, in the order given; -1 where an absent key was deleted, which changes nothing. */
  readonly slots: readonly number[];
  /**
   * Makes it so.
   * @throws HansaError `crypto.tree-stale` when the tree changed since, by another commit or by this one.
   */
  commit(): void;
}

/** Hashes of one level that a batch changes, by ascending index. */
interface DirtyLevel {
  readonly indices: Uint32Array;
  readonly words: Int32Array;
  count: number;
}

/** A leaf to hash anew: `change` is where its digest comes from, -1 for the one that the tree has. */
interface DirtyLeaf {
  readonly key: string;
  next: string;
  /** -1 until a new key's slot is known. */
  slot: number;
  readonly change: number;
}

const MAX_CHANGES = 2 ** 20;
const NO_DIGEST = new Uint8Array(32);
const EMPTY_WORDS = EMPTY.map((hash) => new Int32Array(hash.slice().buffer));

export class IndexedTree {
  // Keys that are present, and deleted ones that still own a slot.
  #live = new KeyIndex();
  #dead = new KeyIndex();
  readonly #digests = new HashColumn();
  // #levels[0] holds the leaves; level l has ceil(slots / 2^l) hashes; what lies right of them is EMPTY[l].
  #levels: HashColumn[] = [new HashColumn()];
  #slots = 1;
  #root: Uint8Array;
  #version = 0;
  #pairs = new Int32Array(0);
  #pairBytes = new Uint8Array(0);

  constructor() {
    this.#digests.setBytes(0, NO_DIGEST);
    const sentinel = hashLeaf("", "", NO_DIGEST);
    this.#level(0).setBytes(0, sentinel);
    this.#root = hashRoot(1, sentinel);
  }

  /**
   * The tree of stored records, in any order (ascending keys are quickest). A million take about two seconds.
   *
   * @throws HansaError `crypto.tree-records` where slots are missing or doubled, `crypto.tree-duplicate`, `crypto.tree-key`,
   *   `crypto.tree-digest`
   */
  static build(records: Iterable<TreeRecord>): IndexedTree {
    const tree = new IndexedTree();
    const live: { key: string; slot: number }[] = [];
    const dead: { key: string; slot: number }[] = [];
    const taken: boolean[] = [true];
    for (const { slot, key, digest } of records) {
      if (!isTreeKey(key)) throw cryptoError("crypto.tree-key", "a stored key is not one of this tree", { slot });
      if (!Number.isSafeInteger(slot) || slot < 1 || slot >= MAX_SLOTS || taken[slot] === true)
        throw cryptoError("crypto.tree-records", "a slot is out of range or filled twice", { slot });
      while (taken.length < slot) taken.push(false);
      taken[slot] = true;
      if (digest !== null) checkDigest(digest);
      tree.#digests.setBytes(slot, digest ?? NO_DIGEST);
      (digest === null ? dead : live).push({ key, slot });
    }
    if (taken.length !== live.length + dead.length + 1)
      throw cryptoError("crypto.tree-records", "slots are missing", { missing: taken.indexOf(false) });
    tree.#slots = taken.length;
    tree.#live = indexOf(live);
    tree.#dead = indexOf(dead);
    // A key can be live or dead, not both: the smaller set is looked up in the other.
    const [few, many] = dead.length < live.length ? [dead, tree.#live] : [live, tree.#dead];
    for (const { key } of few) if (many.seek(key)) throw duplicate(key);
    tree.#hashAll(live);
    return tree;
  }

  /** Hashes every leaf and node. `sorted`: the live keys in order. */
  #hashAll(sorted: readonly { key: string; slot: number }[]): void {
    const leaves = this.#level(0);
    leaves.setBytes(0, hashLeaf("", sorted[0]?.key ?? "", NO_DIGEST));
    const words = new Int32Array(HASH_WORDS);
    const hash = new Uint8Array(words.buffer);
    for (let i = 0; i < sorted.length; i++) {
      const { key, slot } = sorted[i] as { key: string; slot: number };
      hashLeafInto(hash, key, sorted[i + 1]?.key ?? "", this.#digests.page(slot), this.#digests.offset(slot));
      leaves.setWords(slot, words, 0);
    }
    // An empty leaf is zero, which is what a column's fresh page holds; the last slots may lie on a page never touched.
    leaves.touch(this.#slots - 1);
    let width = this.#slots;
    for (let level = 0; level < depthOf(this.#slots); level++) {
      this.#levels[level + 1] = this.#level(level).parents(width, EMPTY[level] as Uint8Array);
      width = Math.ceil(width / 2);
    }
    this.#root = hashRoot(this.#slots, this.#level(depthOf(this.#slots)).view(0));
  }

  #level(level: number): HashColumn {
    while (this.#levels.length <= level) this.#levels.push(new HashColumn());
    return this.#levels[level] as HashColumn;
  }

  /** Slots in use, the sentinel's and those of deleted keys included. */
  get slotCount(): number {
    return this.#slots;
  }

  /** Keys that are present. */
  get size(): number {
    return this.#live.size - 1;
  }

  /** The root, 32 bytes. */
  root(): Uint8Array {
    return this.#root.slice();
  }

  /** Whether a key is present. */
  has(key: string): boolean {
    return key !== "" && this.#live.seek(key);
  }

  /** Slot of a present key. */
  slotOf(key: string): number | undefined {
    return this.has(key) ? this.#live.slot : undefined;
  }

  /** Digest of a present key's value. */
  digestOf(key: string): Uint8Array | undefined {
    const slot = this.slotOf(key);
    return slot === undefined ? undefined : this.#digests.view(slot).slice();
  }

  /**
   * Present keys that start with `prefix`, ascending, above `after` where that is given. Keys may come and go meanwhile.
   *
   * @example
   * ```ts
   * for (const key of tree.keysFrom("devices/", lastSeen)) page.push(key);
   * ```
   */
  *keysFrom(prefix: string, after?: string): IterableIterator<string> {
    const resumes = after !== undefined && after >= prefix;
    if (!resumes && this.has(prefix)) yield prefix;
    for (const key of this.#live.keysAbove(resumes ? after : prefix)) {
      if (!key.startsWith(prefix)) return;
      yield key;
    }
  }

  /**
   * Root and slots that a batch of changes gives, without changing anything: a block is executed with this, and kept with
   * `commit()` of what it answers. New keys take slots in the order given; a deleted key that comes back takes its old one.
   * Costs O(changes × log slots).
   *
   * @param changes - at most one per key
   * @throws HansaError `crypto.tree-duplicate`, `crypto.tree-key`, `crypto.tree-digest`, `crypto.tree-limit`
   * @example
   * ```ts
   * const staged = tree.stage([{ key: "members/7", digest: sha256(value) }]);
   * if (everyoneAgrees(staged.root)) staged.commit();
   * ```
   */
  stage(changes: readonly TreeChange[]): StagedChanges {
    if (changes.length > MAX_CHANGES) throw cryptoError("crypto.tree-limit", `more than ${MAX_CHANGES} changes`);
    const version = this.#version;
    // Copies: what is committed must be what was hashed, whatever the caller does with its arrays meanwhile.
    const keys = changes.map(({ key }) => key);
    const plan = this.#plan(changes, keys);
    const digests = new Uint8Array(changes.length * 32);
    for (let i = 0; i < changes.length; i++) digests.set(changes[i]?.digest ?? NO_DIGEST, i * 32);
    const levels = this.#rehash(plan.leaves, plan.emptied, plan.slotCount, digests);
    const depth = depthOf(plan.slotCount);
    const top = levels === undefined ? undefined : (levels[depth] as DirtyLevel);
    const root = top === undefined ? this.#root.slice() : hashRoot(plan.slotCount, bytesOf(top).subarray(0, 32));
    return {
      root: root.slice(),
      slots: plan.slots,
      commit: () => {
        if (this.#version !== version)
          throw cryptoError("crypto.tree-stale", "the tree changed since these changes were staged");
        this.#version++;
        for (const i of plan.removed) {
          const key = keys[i] as string;
          this.#live.remove(key);
          this.#dead.insert(key, plan.slots[i] as number);
        }
        for (const i of plan.added) {
          const key = keys[i] as string;
          const slot = plan.slots[i] as number;
          if (slot < this.#slots) this.#dead.remove(key);
          this.#live.insert(key, slot);
        }
        for (let i = 0; i < keys.length; i++) {
          const slot = plan.slots[i] as number;
          if (slot > 0) this.#digests.setBytes(slot, digests.subarray(i * 32, i * 32 + 32));
        }
        levels?.forEach((dirty, level) => {
          const column = this.#level(level);
          for (let i = 0; i < dirty.count; i++)
            column.setWords(dirty.indices[i] as number, dirty.words, i * HASH_WORDS);
        });
        this.#slots = plan.slotCount;
        this.#root = root;
      },
    };
  }

  /** `stage` and `commit` in one. */
  apply(changes: readonly TreeChange[]): { root: Uint8Array; slots: readonly number[] } {
    const staged = this.stage(changes);
    staged.commit();
    return { root: staged.root, slots: staged.slots };
  }

  /** Finds the slots, and which leaves a batch touches with which next keys. Walks the changes in order of their keys. */
  #plan(changes: readonly TreeChange[], keys: readonly string[]) {
    const order = changes.map((_, i) => i);
    order.sort((a, b) => {
      const left = keys[a] as string;
      const right = keys[b] as string;
      return left < right ? -1 : left === right ? 0 : 1;
    });
    const slots: number[] = new Array<number>(changes.length).fill(-1);
    const added: number[] = [];
    const removed: number[] = [];
    const leaves: DirtyLeaf[] = [];
    const emptied: number[] = [];
    // The greatest touched leaf that will be present; its next key is known once the following one is reached.
    let tail: DirtyLeaf | undefined;
    // The key that follows the last change among those present now. Where it is being deleted itself, it is the next change
    // in order, leaves `tail` where it is, and replaces `after`: so `after` is right whenever it is used.
    let after = "";
    let lastRemoved = "";
    const live = this.#live;
    const extend = (leaf: DirtyLeaf, next: string) => {
      if (tail !== undefined) tail.next = next;
      leaves.push(leaf);
      tail = leaf;
    };
    let previous = "";
    for (const i of order) {
      const { key, digest } = changes[i] as TreeChange;
      // The empty key is the sentinel's, and every other fault of a key shows when it is new.
      if (key === previous) throw key === "" ? badKey() : duplicate(key);
      previous = key;
      if (digest !== null) checkDigest(digest);
      const found = live.seek(key);
      if (!found && !isTreeKey(key)) throw badKey();
      if (!found && digest === null) continue;
      const next = live.next;
      if (found) slots[i] = live.slot;
      if (found && digest !== null) {
        extend({ key, next, slot: live.slot, change: i }, after);
        after = next;
        continue;
      }
      if (found) live.back();
      const below = live.key;
      // The neighbour below joins unless it is deleted by this batch or is `tail` already, or lies below `tail`.
      if (below !== lastRemoved || below === "") {
        if (tail === undefined || below > tail.key)
          extend({ key: below, next: "", slot: live.slot, change: -1 }, after);
      }
      if (found) {
        removed.push(i);
        emptied.push(slots[i] as number);
        lastRemoved = key;
      } else {
        added.push(i);
        if (this.#dead.seek(key)) slots[i] = this.#dead.slot;
        extend({ key, next: "", slot: slots[i] as number, change: i }, key);
      }
      after = next;
    }
    if (tail !== undefined) tail.next = after;
    let slotCount = this.#slots;
    // Slots go by the order given; `added` and `removed` stay in order of keys, which the index takes up fastest.
    for (const i of added.slice().sort((a, b) => a - b)) if (slots[i] === -1) slots[i] = slotCount++;
    if (slotCount > MAX_SLOTS) throw cryptoError("crypto.tree-limit", `more than ${MAX_SLOTS} slots`);
    for (const leaf of leaves) if (leaf.slot === -1) leaf.slot = slots[leaf.change] as number;
    return { slots, added, removed, leaves, emptied, slotCount };
  }

  /** Hashes of the touched leaves and of all above them, level by level; nothing of the tree is written. */
  #rehash(leaves: readonly DirtyLeaf[], emptied: readonly number[], slotCount: number, digests: Uint8Array) {
    const count = leaves.length + emptied.length;
    if (count === 0) return undefined;
    // Slot and position in one number: the numeric sort of a typed array needs no comparator. Below 2^31 × 2^22.
    const packed = new Float64Array(count);
    for (let i = 0; i < leaves.length; i++) packed[i] = (leaves[i] as DirtyLeaf).slot * count + i;
    for (let i = 0; i < emptied.length; i++)
      packed[leaves.length + i] = (emptied[i] as number) * count + leaves.length + i;
    packed.sort();
    let dirty: DirtyLevel = { indices: new Uint32Array(count), words: new Int32Array(count * HASH_WORDS), count };
    const hashWords = new Int32Array(HASH_WORDS);
    const hash = new Uint8Array(hashWords.buffer);
    for (let at = 0; at < count; at++) {
      const i = (packed[at] as number) % count;
      dirty.indices[at] = Math.floor((packed[at] as number) / count);
      const leaf = leaves[i];
      if (leaf === undefined) continue;
      if (leaf.change >= 0) hashLeafInto(hash, leaf.key, leaf.next, digests, leaf.change * 32);
      else hashLeafInto(hash, leaf.key, leaf.next, this.#digests.page(leaf.slot), this.#digests.offset(leaf.slot));
      copyWords(hashWords, 0, dirty.words, at * HASH_WORDS);
    }
    const levels = [dirty];
    const depth = depthOf(slotCount);
    for (let level = 0, width = this.#slots; level < depth; level++, width = Math.ceil(width / 2)) {
      dirty = this.#rehashLevel(level, width, dirty);
      levels.push(dirty);
    }
    return levels;
  }

  /** @param width - hashes that the tree has at this level now */
  #rehashLevel(level: number, width: number, dirty: DirtyLevel): DirtyLevel {
    const { indices, words, count } = dirty;
    if (this.#pairs.length < count * 2 * HASH_WORDS) {
      this.#pairs = new Int32Array(count * 2 * HASH_WORDS);
      this.#pairBytes = new Uint8Array(this.#pairs.buffer);
    }
    const pairs = this.#pairs;
    const column = this.#level(level);
    const empty = EMPTY_WORDS[level] as Int32Array;
    const parents = new Uint32Array(count);
    let made = 0;
    for (let i = 0; i < count; made++) {
      const left = (indices[i] as number) & ~1;
      parents[made] = left >>> 1;
      const to = made * 2 * HASH_WORDS;
      // Slots are given out in sequence: a left sibling that is not touched exists already, a right one may not.
      if (indices[i] === left) copyWords(words, i++ * HASH_WORDS, pairs, to);
      else column.copyTo(left, pairs, to);
      if (i < count && indices[i] === left + 1) copyWords(words, i++ * HASH_WORDS, pairs, to + HASH_WORDS);
      else if (left + 1 < width) column.copyTo(left + 1, pairs, to + HASH_WORDS);
      else copyWords(empty, 0, pairs, to + HASH_WORDS);
    }
    const above: DirtyLevel = { indices: parents, words: new Int32Array(made * HASH_WORDS), count: made };
    hashPairs(this.#pairBytes, bytesOf(above), made);
    return above;
  }

  /**
   * Proof that a key is present with its value's digest, or that it is absent, under `root()`.
   *
   * @throws HansaError `crypto.tree-key`
   */
  prove(key: string): MembershipProof {
    if (!isTreeKey(key)) throw badKey();
    const present = this.#live.seek(key);
    const slot = this.#live.slot;
    const path: string[] = [];
    let index = slot;
    for (let level = 0, width = this.#slots; level < depthOf(this.#slots); level++, width = Math.ceil(width / 2)) {
      const sibling = index ^ 1;
      path.push(encodeBase64Url(sibling < width ? this.#level(level).view(sibling) : (EMPTY[level] as Uint8Array)));
      index >>>= 1;
    }
    const leaf = {
      slot,
      key: this.#live.key,
      next: this.#live.next,
      valueDigest: encodeBase64Url(this.#digests.view(slot)),
      path,
      slots: this.#slots,
    };
    return present ? { kind: "presence", leaf } : { kind: "absence", key, leaf };
  }
}

function bytesOf(level: DirtyLevel): Uint8Array {
  return new Uint8Array(level.words.buffer);
}

function copyWords(from: Int32Array, at: number, to: Int32Array, start: number): void {
  for (let i = 0; i < HASH_WORDS; i++) to[start + i] = from[at + i] as number;
}

/** Sorts in place, and refuses doubled keys. */
function indexOf(entries: { key: string; slot: number }[]): KeyIndex {
  entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const keys: string[] = [];
  const slots: number[] = [];
  for (const { key, slot } of entries) {
    if (keys.length > 0 && keys[keys.length - 1] === key) throw duplicate(key);
    keys.push(key);
    slots.push(slot);
  }
  return KeyIndex.fromSorted(keys, slots);
}

function checkDigest(digest: Uint8Array): void {
  if (digest.length !== 32) throw cryptoError("crypto.tree-digest", "a value digest is not 32 bytes");
}

function badKey() {
  return cryptoError("crypto.tree-key", "a key is not 1 to 200 printable ASCII characters");
}

function duplicate(key: string) {
  return cryptoError("crypto.tree-duplicate", "a key is named twice", { key });
}
