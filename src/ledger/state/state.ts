import { canonicalJson, Lru, Utf8Slabs } from "#base";
import { IndexedTree, type MembershipProof, type StagedChanges, sha256 } from "#crypto";
import { decodeJson } from "./decode.ts";
import type { StateStore, StoredRecord } from "./store.ts";

/** Reads records. Values are shared: whoever reads one must not change it. */
export interface Reader {
  get<Value>(key: string): Value | undefined;
  /** Keys that start with `prefix`, ascending, above `after`. */
  keys(prefix: string, after?: string): IterableIterator<string>;
}

/** Reads and writes within one transaction. */
export interface Writer extends Reader {
  put(key: string, value: object): void;
  delete(key: string): void;
}

/** How many decoded records are kept at hand. */
const CACHED_RECORDS = 65_536;

/**
 * The committed state: values in the store, keys and hashes in the tree. Everything here is as of the last committed block.
 */
export class State implements Reader {
  readonly #store: StateStore;
  readonly #cache = new Lru<string, object>(CACHED_RECORDS);
  #tree: IndexedTree;

  constructor(store: StateStore) {
    this.#store = store;
    this.#tree = IndexedTree.build(digests(store.leaves()));
  }

  get root(): Uint8Array {
    return this.#tree.root();
  }

  get size(): number {
    return this.#tree.size;
  }

  get<Value>(key: string): Value | undefined {
    const known = this.#cache.get(key);
    if (known !== undefined) return known as Value;
    const slot = this.#tree.slotOf(key);
    if (slot === undefined) return undefined;
    const bytes = this.#store.read(storeSlot(slot));
    if (bytes === null || bytes === undefined) return undefined;
    const value = decodeJson(bytes) as object;
    this.#cache.set(key, value);
    return value as Value;
  }

  keys(prefix: string, after?: string): IterableIterator<string> {
    return this.#tree.keysFrom(prefix, after);
  }

  /** The state as of the end of a block: single records; keys are those of now. */
  at(height: number): Reader {
    return {
      get: <Value>(key: string) => {
        const slot = this.#tree.slotOf(key);
        const bytes = slot === undefined ? undefined : this.#store.readAt(storeSlot(slot), height);
        return bytes === null || bytes === undefined ? undefined : (decodeJson(bytes) as Value);
      },
      keys: (prefix, after) => this.keys(prefix, after),
    };
  }

  /** All versions of a record, oldest first. */
  versions<Value>(key: string): { height: number; value: Value | null }[] {
    const slot = this.#tree.slotOf(key);
    if (slot === undefined) return [];
    return this.#store.versions(storeSlot(slot)).map(({ height, value }) => ({
      height,
      value: value === null ? null : (decodeJson(value) as Value),
    }));
  }

  prove(key: string): MembershipProof {
    return this.#tree.prove(key);
  }

  /**
   * What a block's changes make of the state; nothing is changed before `keep`.
   *
   * @param changes - values, or the bytes of one as another ledger stored it
   */
  stage(changes: ReadonlyMap<string, object | Uint8Array | null>): StagedState {
    const keys = [...changes.keys()];
    const slabs = new Utf8Slabs();
    const values = keys.map((key) => {
      const value = changes.get(key);
      if (value instanceof Uint8Array) return value;
      return value === null || value === undefined ? null : slabs.encode(canonicalJson(value));
    });
    const staged = this.#tree.stage(
      keys.map((key, i) => {
        const value = values[i] as Uint8Array | null;
        return { key, digest: value === null ? null : sha256(value) };
      }),
    );
    const records: StoredRecord[] = [];
    staged.slots.forEach((slot, i) => {
      // A key that came and went within the block never had a slot.
      if (slot > 0)
        records.push({ slot: storeSlot(slot), key: keys[i] as string, value: values[i] as Uint8Array | null });
    });
    records.sort((a, b) => a.slot - b.slot);
    return { root: staged.root, records, keep: () => this.#keep(staged, changes) };
  }

  #keep(staged: StagedChanges, changes: ReadonlyMap<string, object | Uint8Array | null>): void {
    staged.commit();
    for (const [key, value] of changes) {
      if (value === null || value instanceof Uint8Array) this.#cache.delete(key);
      else this.#cache.set(key, value);
    }
  }
}

export interface StagedState {
  readonly root: Uint8Array;
  readonly records: readonly StoredRecord[];
  /** Makes it the committed state; the store must have it by then. */
  keep(): void;
}

/** Slot 0 of the tree is its sentinel and no record: the store's slots begin behind it. */
function storeSlot(slot: number): number {
  return slot - 1;
}

/** State root over records alone. A state that has none throws `crypto.tree-*`. */
export function rootOfRecords(records: Iterable<StoredRecord>): Uint8Array {
  return IndexedTree.build(digests(records)).root();
}

function* digests(records: Iterable<StoredRecord>) {
  for (const { slot, key, value } of records)
    yield { slot: slot + 1, key, digest: value === null ? null : sha256(value) };
}

/** Writes of one block or one transaction over what lies below. */
export class Overlay implements Writer {
  readonly #below: Reader;
  readonly changes = new Map<string, object | null>();

  constructor(below: Reader) {
    this.#below = below;
  }

  get<Value>(key: string): Value | undefined {
    const changed = this.changes.get(key);
    if (changed !== undefined) return changed === null ? undefined : (changed as Value);
    return this.#below.get<Value>(key);
  }

  keys(prefix: string, after?: string): IterableIterator<string> {
    return this.#below.keys(prefix, after);
  }

  put(key: string, value: object): void {
    this.changes.set(key, value);
  }

  delete(key: string): void {
    this.changes.set(key, null);
  }

  /** Moves these writes down into the overlay below. */
  applyTo(lower: Overlay): void {
    for (const [key, value] of this.changes) lower.changes.set(key, value);
  }
}
