/**
 * The records of a group and all of their versions. A block's versions are packed, in order, into chunks that each fill
 * a page of the file and never change. A version knows the one before it, so a slot's history is a chain that starts
 * at its pointer (see pointers.ts).
 */
import type { Database, Statement } from "./database.ts";
import { storageError } from "./errors.ts";
import { packList, plain, unpackList } from "./packing.ts";
import { Pointers } from "./pointers.ts";

/** One record; a value of `null` says that it was deleted, and its slot stays. */
export interface StoredRecord {
  readonly slot: number;
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A value that a slot took in the block at `height`. */
export interface Version {
  readonly height: number;
  readonly value: Uint8Array | null;
}

// Slot (6 bytes), pointer of the version before (6), length (4; `DELETED` for none), value.
const ENTRY_HEAD = 16;
const DELETED = 0xffffffff;
// What a leaf of the file's table holds without overflowing: 4,096 less the cipher's 32, the row's head and reserve.
const CHUNK_BYTES = 4020;
// A pointer is chunk * OFFSETS + offset; only the first entry of a chunk may be larger than a chunk.
const OFFSETS = 4096;
const KEYS_PER_ROW = 4096;
// Current values are read this many slots at once, in the order of the file.
const WINDOW = 65_536;
// A slice of old values is read so many slots at once, until it is large enough.
const SMALL_WINDOW = 64;
const SLICE_BYTES = 512 * 1024;
/** Largest value of a record, bytes. */
export const MAX_VALUE_BYTES = 16 * 1024 * 1024;

const utf8 = new TextEncoder();
const text = new TextDecoder();

interface KeyRow {
  readonly first: number;
  readonly keys: Buffer;
}

interface Chunk {
  readonly height: number;
  readonly data: Buffer;
}

export class RecordLog {
  readonly #db: Database;
  readonly #pointers: Pointers;
  readonly #saveChunk: Statement<[number, number, Uint8Array]>;
  readonly #chunk: Statement<[number], Chunk>;
  readonly #saveKeys: Statement<[number, Uint8Array]>;
  readonly #keys: Statement<[number], KeyRow>;
  readonly #keyRow: Statement<[number], KeyRow>;
  readonly #keyRows: Statement<[number, number], KeyRow>;
  /** The row of keys that `leavesAt` read last: slices follow each other. */
  #lastKeys: { readonly first: number; readonly keys: readonly Uint8Array[] } | undefined;
  #nextChunk = 1;
  #step: { nextChunk: number; undo: number[]; count: number } | undefined;

  constructor(db: Database) {
    this.#db = db;
    db.define(
      "CREATE TABLE IF NOT EXISTS group_chunks(id INTEGER PRIMARY KEY, height INTEGER NOT NULL, data BLOB NOT NULL);" +
        "CREATE TABLE IF NOT EXISTS group_keys(first INTEGER PRIMARY KEY, keys BLOB NOT NULL)",
    );
    this.#pointers = new Pointers(db);
    this.#saveChunk = db.prepare("INSERT INTO group_chunks VALUES (?, ?, ?)");
    this.#chunk = db.prepare("SELECT height, data FROM group_chunks WHERE id = ?");
    this.#saveKeys = db.prepare("INSERT INTO group_keys VALUES (?, ?)");
    this.#keys = db.prepare("SELECT first, keys FROM group_keys WHERE first >= ? ORDER BY first LIMIT 64");
    this.#keyRow = db.prepare("SELECT first, keys FROM group_keys WHERE first <= ? ORDER BY first DESC LIMIT 1");
    this.#keyRows = db.prepare("SELECT first, keys FROM group_keys WHERE first > ? AND first < ? ORDER BY first");
  }

  /** Slots so far. */
  get count(): number {
    return this.#pointers.count;
  }

  /** Reads the pointers and brings them up to the last commit. */
  open(slots: number, folded: number): void {
    this.#pointers.open(slots, folded);
    const later = this.#db.prepare<[number], { id: number; data: Buffer }>(
      "SELECT id, data FROM group_chunks WHERE id > ? ORDER BY id LIMIT 256",
    );
    let last = folded;
    for (;;) {
      const rows = later.all(last);
      for (const { id, data } of rows) {
        for (let at = 0; at < data.length; ) {
          this.#pointers.set(data.readUIntBE(at, 6), id * OFFSETS + at);
          const length = data.readUInt32BE(at + 12);
          at += ENTRY_HEAD + (length === DELETED ? 0 : length);
        }
        last = id;
      }
      if (rows.length === 0) break;
    }
    this.#nextChunk = last + 1;
  }

  /**
   * Writes the versions of one block, inside of its transaction.
   *
   * @param records - ascending by slot; a new slot is the next one
   * @param whole - whether this is all there is, as after a snapshot: pointers are then written at once
   * @returns up to which chunk the pointers on disk are complete
   * @throws HansaError `storage.out-of-order`, `storage.limit`
   */
  append(height: number, records: Iterable<StoredRecord>, whole = false): number {
    const step = { nextChunk: this.#nextChunk, undo: [] as number[], count: this.#pointers.count };
    this.#step = step;
    let data = Buffer.allocUnsafe(CHUNK_BYTES);
    let used = 0;
    let keys: Uint8Array[] = [];
    let firstKey = this.#pointers.count;
    const flush = (): void => {
      if (used > 0) this.#saveChunk.run(step.nextChunk++, height, data.subarray(0, used));
      used = 0;
    };
    let previous = -1;
    for (const { slot, key, value } of records) {
      if (!(slot > previous) || slot > this.#pointers.count || !Number.isSafeInteger(slot))
        throw storageError("storage.out-of-order", `slot ${slot} is out of order`, { slot, previous });
      previous = slot;
      const length = value === null ? 0 : value.length;
      if (length > MAX_VALUE_BYTES)
        throw storageError("storage.limit", `the value of slot ${slot} is too large`, { slot });
      const size = ENTRY_HEAD + length;
      if (used + size > CHUNK_BYTES) flush();
      if (size > data.length) data = Buffer.allocUnsafe(size);
      const before = this.#pointers.get(slot);
      if (slot === this.#pointers.count) {
        keys.push(utf8.encode(key));
        if (keys.length === KEYS_PER_ROW) {
          this.#saveKeys.run(firstKey, packList(keys));
          firstKey += keys.length;
          keys = [];
        }
      } else if (!whole) step.undo.push(slot, before);
      data.writeUIntBE(slot, used, 6);
      data.writeUIntBE(before, used + 6, 6);
      data.writeUInt32BE(value === null ? DELETED : length, used + 12);
      if (value !== null) data.set(value, used + ENTRY_HEAD);
      this.#pointers.set(slot, step.nextChunk * OFFSETS + used);
      used += size;
      if (used > CHUNK_BYTES) flush();
    }
    flush();
    if (keys.length > 0) this.#saveKeys.run(firstKey, packList(keys));
    const last = step.nextChunk - 1;
    if (!whole) return this.#pointers.sweep(last);
    this.#pointers.writeAll(last);
    return last;
  }

  /** The block of `append` is durable. */
  settle(): void {
    if (this.#step === undefined) return;
    this.#nextChunk = this.#step.nextChunk;
    this.#pointers.settle();
    this.#step = undefined;
  }

  /** The block of `append` was rolled back. */
  undo(): void {
    const step = this.#step;
    if (step === undefined) return;
    for (let i = 0; i < step.undo.length; i += 2)
      this.#pointers.set(step.undo[i] as number, step.undo[i + 1] as number);
    this.#pointers.cut(step.count);
    this.#step = undefined;
  }

  /** Current value; `null` deleted, `undefined` no such slot. */
  read(slot: number): Uint8Array | null | undefined {
    return this.#versionAt(this.#pointers.get(slot))?.value;
  }

  /** Value as of the end of the block at `height`. Costs one read per version that the slot has taken since. */
  readAt(slot: number, height: number): Uint8Array | null | undefined {
    let pointer = this.#pointers.get(slot);
    while (pointer !== 0) {
      const version = this.#versionAt(pointer);
      if (version === undefined) return undefined;
      if (version.height <= height) return version.value;
      pointer = version.before;
    }
    return undefined;
  }

  /** All versions of a slot, oldest first. */
  versions(slot: number): Version[] {
    const found: Version[] = [];
    let pointer = this.#pointers.get(slot);
    while (pointer !== 0) {
      const version = this.#versionAt(pointer);
      if (version === undefined) break;
      found.push({ height: version.height, value: version.value });
      pointer = version.before;
    }
    return found.reverse();
  }

  #versionAt(pointer: number): (Version & { before: number }) | undefined {
    if (pointer === 0) return undefined;
    const id = Math.floor(pointer / OFFSETS);
    const chunk = this.#chunk.get(id);
    if (chunk === undefined) throw storageError("storage.corrupt", `chunk ${id} is missing`, { file: this.#db.file });
    const at = pointer % OFFSETS;
    return { height: chunk.height, before: chunk.data.readUIntBE(at + 6, 6), value: valueAt(chunk.data, at) };
  }

  /** All current records by slot. Do not commit while iterating. */
  *leaves(): IterableIterator<StoredRecord> {
    const keys = this.#allKeys();
    for (let first = 0; first < this.#pointers.count; first += WINDOW) {
      const values = this.#db.read(() => this.#window(first, Math.min(WINDOW, this.#pointers.count - first)));
      for (let i = 0; i < values.length; i++) {
        const key = keys.next();
        if (key.done === true) throw storageError("storage.corrupt", "keys are missing", { file: this.#db.file });
        yield { slot: first + i, key: key.value, value: values[i] ?? null };
      }
    }
  }

  /**
   * Records as of the end of the block at `height`, from a slot on: at most `limit`, fewer where they are large, none where no
   * more slots existed. Commits may come between two slices. Costs a read per version that a slot has taken since.
   */
  leavesAt(height: number, from: number, limit: number): StoredRecord[] {
    const end = Math.min(from + limit, this.#pointers.count);
    const values: (Uint8Array | null)[] = [];
    let bytes = 0;
    for (let at = from; at < end && bytes < SLICE_BYTES; at += SMALL_WINDOW) {
      const window = this.#windowAt(height, at, Math.min(SMALL_WINDOW, end - at));
      for (const value of window) {
        bytes += value === null ? 0 : value.length;
        values.push(value);
      }
      if (window.length < SMALL_WINDOW) break;
    }
    if (values.length === 0) return [];
    const keys = this.#keysOf(from, values.length);
    return values.map((value, i) => ({ slot: from + i, key: text.decode(keys[i]), value }));
  }

  /** Slots are given out in the order of blocks, so those that existed at a height come before all later ones. */
  #windowAt(height: number, first: number, count: number): (Uint8Array | null)[] {
    const values = new Array<Uint8Array | null>(count).fill(null);
    let existing = count;
    let pending = Array.from({ length: count }, (_, i) => ({ i, pointer: this.#pointers.get(first + i) }));
    while (pending.length > 0) {
      const older: typeof pending = [];
      pending.sort((a, b) => a.pointer - b.pointer);
      let id = -1;
      let chunk: Chunk | undefined;
      for (const { i, pointer } of pending) {
        const wanted = Math.floor(pointer / OFFSETS);
        if (wanted !== id) {
          chunk = this.#chunk.get(wanted);
          id = wanted;
        }
        if (chunk === undefined)
          throw storageError("storage.corrupt", `chunk ${wanted} is missing`, { file: this.#db.file });
        const at = pointer % OFFSETS;
        if (chunk.height <= height) values[i] = valueAt(chunk.data, at);
        else {
          const before = chunk.data.readUIntBE(at + 6, 6);
          if (before === 0) existing = Math.min(existing, i);
          else older.push({ i, pointer: before });
        }
      }
      pending = older;
    }
    return values.slice(0, existing);
  }

  #keysOf(first: number, count: number): Uint8Array[] {
    const found: Uint8Array[] = [];
    const take = (row: { readonly first: number; readonly keys: readonly Uint8Array[] }): void => {
      const next = first + found.length;
      found.push(...row.keys.slice(next - row.first, next - row.first + count - found.length));
      this.#lastKeys = row;
    };
    const unpack = ({ first, keys }: KeyRow) => ({ first, keys: unpackList(keys) });
    const last = this.#lastKeys;
    if (last !== undefined && first >= last.first && first < last.first + last.keys.length) take(last);
    else {
      const row = this.#keyRow.get(first);
      if (row !== undefined) take(unpack(row));
    }
    if (found.length < count)
      for (const row of this.#keyRows.iterate(first + found.length - 1, first + count)) take(unpack(row));
    if (found.length !== count) throw storageError("storage.corrupt", "keys are missing", { file: this.#db.file });
    return found;
  }

  /** Values of consecutive slots, each chunk read once and in the order of the file. */
  #window(first: number, count: number): (Uint8Array | null)[] {
    const order = new Float64Array(count);
    const slots = new Map<number, number>();
    for (let i = 0; i < count; i++) {
      const pointer = this.#pointers.get(first + i);
      order[i] = pointer;
    }
    let ascending = true;
    for (let i = 1; i < count; i++)
      if ((order[i] as number) < (order[i - 1] as number)) {
        ascending = false;
        break;
      }
    if (!ascending) {
      for (let i = 0; i < count; i++) slots.set(order[i] as number, i);
      order.sort();
    }
    const values = new Array<Uint8Array | null>(count).fill(null);
    let id = -1;
    let data: Buffer = Buffer.alloc(0);
    for (let i = 0; i < count; i++) {
      const pointer = order[i] as number;
      const wanted = Math.floor(pointer / OFFSETS);
      if (wanted !== id) {
        const chunk = this.#chunk.get(wanted);
        if (chunk === undefined)
          throw storageError("storage.corrupt", `chunk ${wanted} is missing`, { file: this.#db.file });
        id = wanted;
        data = chunk.data;
      }
      values[ascending ? i : (slots.get(pointer) as number)] = valueAt(data, pointer % OFFSETS);
    }
    return values;
  }

  *#allKeys(): IterableIterator<string> {
    let next = 0;
    for (;;) {
      const rows = this.#db.read(() => this.#keys.all(next));
      if (rows.length === 0) return;
      for (const { first, keys } of rows) {
        const list = unpackList(keys);
        for (const key of list) yield text.decode(key);
        next = first + list.length;
      }
    }
  }
}

function valueAt(data: Buffer, at: number): Uint8Array | null {
  const length = data.readUInt32BE(at + 12);
  return length === DELETED ? null : plain(data.subarray(at + ENTRY_HEAD, at + ENTRY_HEAD + length));
}
