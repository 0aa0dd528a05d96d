/**
 * Who was spoken of where: from a subject to the places (height, index) of the transactions about it. Subjects arrive in no order,
 * so a B-tree keyed by them would dirty a page of the file per subject. Instead every append adds one row of packed places to the
 * generation that is open; when `SEALED` came together, the generation is sorted by bucket and written, a few buckets with every
 * append, as one chunk of about a page each that never changes. A lookup reads one chunk per generation.
 *
 * Of a subject only 42 bits of a hash are kept (10 name its bucket): places may be of another subject, and the caller looks at the
 * facts. All of this can be made anew from the blocks.
 */
import { randomBytes } from "node:crypto";
import type { Database, Statement } from "./database.ts";
import { storageError } from "./errors.ts";
import type { Place } from "./id-index.ts";
import { plain } from "./packing.ts";

/** What one block says: per transaction, whom its facts are about, each subject once. */
export interface FactBlock {
  readonly height: number;
  readonly facts: readonly { readonly index: number; readonly about: readonly string[] }[];
}

const BUCKETS = 1024;
// 293 places of 12 bytes a bucket fill a page of the file but for its margin.
const SEALED = 300_000;
// Tag of the subject, height above the generation's first, index: 32 bits each, little endian.
const PLACE_BYTES = 12;
const MOST_HEIGHTS = 0xffff_ffff;

/** Hash of a subject: its bucket, and a tag within. Seeded, so that nobody can choose subjects that fall together. */
function hashSubject(subject: string, seed: number): { bucket: number; tag: number } {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < subject.length; i++) {
    const code = subject.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return { bucket: a & (BUCKETS - 1), tag: b >>> 0 };
}

/** Places that are not yet in chunks, in the order of blocks; buckets stand beside them, for they are not stored. */
class Generation {
  readonly number: number;
  /** Height that its places count from. */
  readonly base: number;
  last: number;
  count = 0;
  #bytes = new Uint8Array(1024 * PLACE_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #buckets = new Uint16Array(1024);

  constructor(number: number, base: number) {
    this.number = number;
    this.base = base;
    this.last = base;
  }

  add(bucket: number, tag: number, height: number, index: number): void {
    if (this.count === this.#buckets.length) this.#grow();
    const at = this.count * PLACE_BYTES;
    this.#view.setUint32(at, tag, true);
    this.#view.setUint32(at + 4, height - this.base, true);
    this.#view.setUint32(at + 8, index, true);
    this.#buckets[this.count++] = bucket;
    this.last = height;
  }

  /** Packed places from one on; the buckets of all follow them, so that a row can be read without its subjects. */
  pack(from: number): Uint8Array {
    const size = this.count - from;
    const packed = new Uint8Array(size * (PLACE_BYTES + 2));
    packed.set(this.#bytes.subarray(from * PLACE_BYTES, this.count * PLACE_BYTES));
    const view = new DataView(packed.buffer, size * PLACE_BYTES);
    for (let i = 0; i < size; i++) view.setUint16(i * 2, this.#buckets[from + i] as number, true);
    return packed;
  }

  /** Adds what `pack` packed. */
  unpack(packed: Uint8Array): void {
    const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
    const size = Math.floor(packed.length / (PLACE_BYTES + 2));
    for (let i = 0; i < size; i++) {
      const at = i * PLACE_BYTES;
      const bucket = view.getUint16(size * PLACE_BYTES + i * 2, true);
      const height = this.base + view.getUint32(at + 4, true);
      this.add(bucket, view.getUint32(at, true), height, view.getUint32(at + 8, true));
    }
  }

  /** Places of a tag in a bucket, in order. */
  find(bucket: number, tag: number): Place[] {
    const places: Place[] = [];
    for (let i = 0; i < this.count; i++) {
      if (this.#buckets[i] !== bucket || this.#view.getUint32(i * PLACE_BYTES, true) !== tag) continue;
      places.push(readPlace(this.#view, i * PLACE_BYTES, this.base));
    }
    return places;
  }

  /** The places of every bucket together, each in order: a counting sort, for it runs in one go. */
  chunks(): Uint8Array[] {
    const ends = new Uint32Array(BUCKETS + 1);
    for (let i = 0; i < this.count; i++) {
      const next = (this.#buckets[i] as number) + 1;
      ends[next] = (ends[next] as number) + 1;
    }
    for (let bucket = 1; bucket <= BUCKETS; bucket++)
      ends[bucket] = (ends[bucket] as number) + (ends[bucket - 1] as number);
    const starts = ends.slice();
    // Words are only moved, so the order of bytes within stays what it was.
    const words = new Uint32Array(this.#bytes.buffer);
    const sorted = new Uint32Array(this.count * 3);
    for (let i = 0; i < this.count; i++) {
      const bucket = this.#buckets[i] as number;
      const to = starts[bucket] as number;
      starts[bucket] = to + 1;
      for (let word = 0; word < 3; word++) sorted[to * 3 + word] = words[i * 3 + word] as number;
    }
    return Array.from({ length: BUCKETS }, (_, bucket) => {
      const [from, to] = [ends[bucket] as number, ends[bucket + 1] as number];
      return new Uint8Array(sorted.buffer, from * PLACE_BYTES, (to - from) * PLACE_BYTES);
    });
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.length * 2);
    bytes.set(this.#bytes);
    const buckets = new Uint16Array(this.#buckets.length * 2);
    buckets.set(this.#buckets);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#buckets = buckets;
  }
}

function readPlace(view: DataView, at: number, base: number): Place {
  return { height: base + view.getUint32(at + 4, true), index: view.getUint32(at + 8, true) };
}

/** A generation that lies in chunks. */
interface Written {
  readonly number: number;
  readonly base: number;
  readonly last: number;
}

/** A generation on its way into chunks: the buckets below `next` are written. */
interface Sealed {
  readonly generation: Generation;
  readonly chunks: readonly Uint8Array[];
  next: number;
}

interface StateRow {
  height: number;
  mark: string;
  seed: number;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS fact_state(one INTEGER PRIMARY KEY, height INTEGER NOT NULL, mark TEXT NOT NULL,
    seed INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS fact_recent(id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, base INTEGER NOT NULL,
    last INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS fact_chunks(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS fact_generations(number INTEGER PRIMARY KEY, base INTEGER NOT NULL, last INTEGER NOT NULL);
`;

/**
 * The index of one group's facts. One per database.
 *
 * @example
 * ```ts
 * const facts = new FactIndex(openDatabase({ file, key }));
 * facts.append([{ height: 7, facts: [{ index: 0, about: ["did:hansa:hanse:3QJm…"] }] }], headerHash);
 * facts.find("did:hansa:hanse:3QJm…", { limit: 100 }); // [{ height: 7, index: 0 }]
 * ```
 */
export class FactIndex {
  readonly #db: Database;
  readonly #save: Statement<[number, number, number, Uint8Array]>;
  readonly #saveState: Statement<[number, string]>;
  readonly #saveChunk: Statement<[number, Uint8Array]>;
  readonly #saveGeneration: Statement<[number, number, number]>;
  readonly #forget: Statement<[number]>;
  readonly #chunk: Statement<[number], Buffer>;
  #state: StateRow;
  #written: Written[] = [];
  #sealed: Sealed | undefined;
  #open: Generation | undefined;

  constructor(db: Database) {
    this.#db = db;
    db.define(SCHEMA);
    this.#save = db.prepare("INSERT INTO fact_recent(generation, base, last, data) VALUES (?, ?, ?, ?)");
    this.#saveState = db.prepare("UPDATE fact_state SET height = ?, mark = ?");
    // A generation that was being written when the process ended is written again from its first bucket.
    this.#saveChunk = db.prepare(
      "INSERT INTO fact_chunks VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
    );
    this.#saveGeneration = db.prepare("INSERT INTO fact_generations VALUES (?, ?, ?)");
    this.#forget = db.prepare("DELETE FROM fact_recent WHERE generation = ?");
    this.#chunk = db.prepare<[number], Buffer>("SELECT data FROM fact_chunks WHERE id = ?").pluck();
    this.#state = this.#load();
  }

  #load(): StateRow {
    const find = this.#db.prepare<[], StateRow>("SELECT height, mark, seed FROM fact_state");
    let state = this.#db.read(() => find.get());
    if (state === undefined) {
      state = { height: -1, mark: "", seed: randomBytes(4).readUInt32BE(0) };
      const { height, mark, seed } = state;
      if (!this.#db.readonly)
        this.#db.transaction(() => {
          this.#db.prepare("INSERT INTO fact_state VALUES (1, ?, ?, ?)").run(height, mark, seed);
        });
    }
    this.#db.read(() => {
      this.#written = this.#db
        .prepare<[], Written>("SELECT number, base, last FROM fact_generations ORDER BY number")
        .all();
      const rows = this.#db.prepare<[], { generation: number; base: number; last: number; data: Buffer }>(
        "SELECT generation, base, last, data FROM fact_recent ORDER BY id",
      );
      for (const { generation, base, last, data } of rows.iterate()) {
        if (this.#open !== undefined && this.#open.number !== generation) this.#seal();
        this.#open ??= new Generation(generation, base);
        this.#open.unpack(data);
        this.#open.last = last;
      }
    });
    return state;
  }

  /** Height of the last block that was appended; -1 before the first. */
  get height(): number {
    return this.#state.height;
  }

  /** What came with the last append: tells whether these are still the same blocks. */
  get mark(): string {
    return this.#state.mark;
  }

  /**
   * Adds blocks, heights ascending and above all before, as one durable transaction together with the height that was reached.
   *
   * @param mark - kept with the height, such as the last header's hash
   * @throws HansaError `storage.out-of-order`, `storage.misuse`, `storage.disk-full`, …; nothing is added then
   */
  append(blocks: readonly FactBlock[], mark: string): void {
    const last = blocks.at(-1);
    if (last === undefined) return;
    if (this.#db.inTransaction)
      throw storageError("storage.misuse", "facts are not appended inside of another transaction");
    this.#checkOrder(blocks);
    const open = this.#openFor((blocks[0] as FactBlock).height, last.height);
    const before = { count: open.count, last: open.last };
    const sealed = this.#sealed;
    const next = sealed?.next ?? 0;
    let done = false;
    try {
      this.#db.transaction(() => {
        for (const { height, facts } of blocks)
          for (const { index, about } of facts)
            for (const subject of about) {
              const { bucket, tag } = hashSubject(subject, this.#state.seed);
              open.add(bucket, tag, height, index);
            }
        if (open.count > before.count) this.#save.run(open.number, open.base, open.last, open.pack(before.count));
        if (sealed !== undefined) done = this.#sweep(sealed, open.count - before.count);
        this.#saveState.run(last.height, mark);
      });
    } catch (error) {
      open.count = before.count;
      open.last = before.last;
      if (sealed !== undefined) sealed.next = next;
      throw error;
    }
    this.#state = { ...this.#state, height: last.height, mark };
    this.#open = open;
    if (sealed !== undefined && done) {
      const { number, base, last: end } = sealed.generation;
      this.#written.push({ number, base, last: end });
      this.#sealed = undefined;
    }
    if (open.count >= SEALED && this.#sealed === undefined) this.#seal();
  }

  /**
   * Places of a subject, ascending, or the newest ones descending. Few may be of another subject with the same hash.
   *
   * @param options - `after`: only places behind this one (before it, with `newest`); `limit`: at most so many
   */
  find(
    subject: string,
    options: { readonly after?: Place | undefined; readonly limit: number; readonly newest?: boolean },
  ): Place[] {
    const { after, limit, newest = false } = options;
    const { bucket, tag } = hashSubject(subject, this.#state.seed);
    const unwritten = [this.#sealed?.generation, this.#open].filter((part) => part !== undefined);
    const parts: readonly (Written | Generation)[] = [...this.#written, ...unwritten];
    const found: Place[] = [];
    for (const part of newest ? parts.toReversed() : parts) {
      if (found.length >= limit) break;
      if (after !== undefined && (newest ? part.base > after.height : part.last < after.height)) continue;
      const places = part instanceof Generation ? part.find(bucket, tag) : this.#read(part, bucket, tag);
      for (const place of newest ? places.toReversed() : places) {
        if (found.length >= limit) break;
        const order = after === undefined ? 0 : place.height - after.height || place.index - after.index;
        if (after === undefined || (newest ? order < 0 : order > 0)) found.push(place);
      }
    }
    return found;
  }

  /** Forgets everything, so that it can be made anew. */
  clear(): void {
    this.#db.transaction(() => {
      for (const table of ["fact_recent", "fact_chunks", "fact_generations"])
        this.#db.prepare(`DELETE FROM ${table}`).run();
      this.#saveState.run(-1, "");
    });
    this.#state = { ...this.#state, height: -1, mark: "" };
    this.#written = [];
    this.#sealed = undefined;
    this.#open = undefined;
  }

  #checkOrder(blocks: readonly FactBlock[]): void {
    let height = this.#state.height;
    for (const block of blocks) {
      if (block.height <= height)
        throw storageError("storage.out-of-order", `block ${block.height} does not follow ${height}`, { height });
      height = block.height;
    }
  }

  /** The open generation, or the first one; heights count from its own base, in 32 bits. */
  #openFor(first: number, last: number): Generation {
    if (this.#open !== undefined && last - this.#open.base <= MOST_HEIGHTS) return this.#open;
    if (this.#open !== undefined || last - first > MOST_HEIGHTS)
      throw storageError("storage.limit", "a generation of facts spans at most 2^32 blocks", { first, last });
    const number = (this.#sealed?.generation.number ?? this.#written.at(-1)?.number ?? 0) + 1;
    return new Generation(number, first);
  }

  #seal(): void {
    const generation = this.#open as Generation;
    this.#sealed = { generation, chunks: generation.chunks(), next: 0 };
    this.#open = undefined;
  }

  /** Writes the next buckets: twice as fast as places come, so that the next generation finds this one gone. */
  #sweep(sealed: Sealed, added: number): boolean {
    const { generation, chunks } = sealed;
    const end = Math.min(BUCKETS, sealed.next + Math.max(8, Math.ceil((2 * BUCKETS * added) / SEALED)));
    for (; sealed.next < end; sealed.next++) {
      const chunk = chunks[sealed.next] as Uint8Array;
      // By generation first: new chunks are appended to the file.
      if (chunk.length > 0) this.#saveChunk.run(generation.number * BUCKETS + sealed.next, chunk);
    }
    if (end < BUCKETS) return false;
    this.#saveGeneration.run(generation.number, generation.base, generation.last);
    this.#forget.run(generation.number);
    return true;
  }

  #read({ number, base }: Written, bucket: number, tag: number): Place[] {
    const data = this.#db.read(() => this.#chunk.get(number * BUCKETS + bucket));
    if (data === undefined) return [];
    const bytes = plain(data);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const places: Place[] = [];
    for (let at = 0; at + PLACE_BYTES <= bytes.length; at += PLACE_BYTES)
      if (view.getUint32(at, true) === tag) places.push(readPlace(view, at, base));
    return places;
  }
}
