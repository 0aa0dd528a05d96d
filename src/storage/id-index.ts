/**
 * From a transaction's id to its block. Ids arrive in no order within a replay window, so a B-tree keyed by them would
 * dirty a page of the file per id. They are kept with their block instead, gathered in memory, and every `RUN_IDS` of
 * them written as one sorted run that never changes again. Runs of different times do not overlap, because ids begin
 * with their expiry.
 */
import type { Database, Statement } from "./database.ts";
import { plain } from "./packing.ts";

/** Where a transaction is. */
export interface Place {
  readonly height: number;
  readonly index: number;
}

export const ID_BYTES = 20;
const RUN_IDS = 16_384;
// Id, 6 bytes of height, 4 bytes of index; 134 of them fill a page of the file.
const ENTRY_BYTES = ID_BYTES + 10;
const PAGE_ENTRIES = 134;

interface Run {
  readonly id: number;
  /** Highest block whose ids are in it. */
  readonly height: number;
  readonly first: number;
  readonly minimum: number;
  readonly maximum: number;
}

function text(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString("latin1");
}

export class IdIndex {
  readonly #runs: Run[] = [];
  readonly #saveRun: Statement<[number, number, number, number, number, Uint8Array]>;
  readonly #savePage: Statement<[number, Uint8Array]>;
  readonly #page: Statement<[number], Buffer>;
  readonly #fences: Statement<[number], Buffer>;
  readonly #dropRun: Statement<[number]>;
  readonly #dropPages: Statement<[number, number]>;
  #recent = new Map<string, Place>();
  #nextPage = 1;
  #folded = -1;
  #step: { run: Run; nextPage: number } | undefined;

  constructor(db: Database) {
    db.define(
      "CREATE TABLE IF NOT EXISTS group_id_runs(id INTEGER PRIMARY KEY, first INTEGER NOT NULL, minimum INTEGER NOT NULL," +
        " maximum INTEGER NOT NULL, height INTEGER NOT NULL, fences BLOB NOT NULL);" +
        "CREATE TABLE IF NOT EXISTS group_id_pages(page INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    );
    this.#saveRun = db.prepare("INSERT INTO group_id_runs VALUES (?, ?, ?, ?, ?, ?)");
    this.#savePage = db.prepare("INSERT INTO group_id_pages VALUES (?, ?)");
    this.#page = db.prepare<[number], Buffer>("SELECT data FROM group_id_pages WHERE page = ?").pluck();
    this.#fences = db.prepare<[number], Buffer>("SELECT fences FROM group_id_runs WHERE id = ?").pluck();
    this.#dropRun = db.prepare("DELETE FROM group_id_runs WHERE id = ?");
    this.#dropPages = db.prepare("DELETE FROM group_id_pages WHERE page >= ? AND page < ?");
    const runs = db.prepare<[], Run>("SELECT id, first, minimum, maximum, height FROM group_id_runs ORDER BY id");
    for (const run of runs.all()) {
      this.#runs.push(run);
      this.#folded = run.height;
    }
    const last = db.prepare<[], number | null>("SELECT max(page) FROM group_id_pages").pluck();
    this.#nextPage = (last.get() ?? 0) + 1;
  }

  /** Highest block whose ids are in runs; the caller adds those of later blocks again at start. */
  get folded(): number {
    return this.#folded;
  }

  /** Adds an id of a block that is durable, or read at start. */
  add(id: Uint8Array, place: Place): void {
    this.#recent.set(text(id), place);
  }

  /** Writes a run where enough ids came together, inside of the transaction of the block at `height`, before its own. */
  fold(height: number): void {
    this.#step = undefined;
    if (this.#recent.size < RUN_IDS) return;
    // Latin-1 texts compare as their bytes do.
    const ids = [...this.#recent.keys()].sort();
    const pages = Math.ceil(ids.length / PAGE_ENTRIES);
    const fences = Buffer.allocUnsafe(pages * ID_BYTES);
    for (let page = 0; page < pages; page++) {
      const members = ids.slice(page * PAGE_ENTRIES, (page + 1) * PAGE_ENTRIES);
      const data = Buffer.allocUnsafe(members.length * ENTRY_BYTES);
      for (const [i, id] of members.entries()) {
        const place = this.#recent.get(id) as Place;
        data.write(id, i * ENTRY_BYTES, "latin1");
        data.writeUIntBE(place.height, i * ENTRY_BYTES + ID_BYTES, 6);
        data.writeUInt32BE(place.index, i * ENTRY_BYTES + ID_BYTES + 6);
      }
      data.copy(fences, page * ID_BYTES, 0, ID_BYTES);
      this.#savePage.run(this.#nextPage + page, data);
    }
    const run = {
      id: (this.#runs.at(-1)?.id ?? 0) + 1,
      height: height - 1,
      first: this.#nextPage,
      minimum: Buffer.from(ids[0] as string, "latin1").readUInt32BE(0),
      maximum: Buffer.from(ids[ids.length - 1] as string, "latin1").readUInt32BE(0),
    };
    this.#saveRun.run(run.id, run.first, run.minimum, run.maximum, run.height, fences);
    this.#step = { run, nextPage: this.#nextPage + pages };
  }

  /** The block of `fold` is durable. */
  settle(): void {
    if (this.#step === undefined) return;
    this.#runs.push(this.#step.run);
    this.#nextPage = this.#step.nextPage;
    this.#folded = this.#step.run.height;
    this.#recent = new Map();
    this.#step = undefined;
  }

  /**
   * Deletes the oldest run, inside of a transaction, where all of its blocks are below a height and all of its ids have expired.
   * The youngest run always stays: it says up to where ids are in runs.
   *
   * @returns what to call once the transaction is durable; `undefined` where there is nothing to delete
   */
  prune(below: number, expired: number): (() => void) | undefined {
    const [oldest, next] = this.#runs;
    if (oldest === undefined || next === undefined || oldest.height >= below || oldest.maximum > expired)
      return undefined;
    this.#dropRun.run(oldest.id);
    this.#dropPages.run(oldest.first, next.first);
    return () => void this.#runs.shift();
  }

  /** Where the transaction with this id is. */
  find(id: Uint8Array): Place | undefined {
    if (id.length !== ID_BYTES) return undefined;
    const recent = this.#recent.get(text(id));
    if (recent !== undefined) return { ...recent };
    const sought = Buffer.from(id.buffer, id.byteOffset, id.length);
    const expiry = sought.readUInt32BE(0);
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const run = this.#runs[i] as Run;
      if (expiry < run.minimum || expiry > run.maximum) continue;
      const place = this.#findIn(run, sought);
      if (place !== undefined) return place;
    }
    return undefined;
  }

  #findIn(run: Run, sought: Buffer): Place | undefined {
    const fences = this.#fences.get(run.id);
    if (fences === undefined) return undefined;
    const page = lastAtMost(fences, ID_BYTES, sought);
    if (page < 0) return undefined;
    const data = this.#page.get(run.first + page);
    if (data === undefined) return undefined;
    const entry = lastAtMost(data, ENTRY_BYTES, sought);
    if (entry < 0) return undefined;
    const at = entry * ENTRY_BYTES;
    if (sought.compare(data, at, at + ID_BYTES) !== 0) return undefined;
    return { height: data.readUIntBE(at + ID_BYTES, 6), index: data.readUInt32BE(at + ID_BYTES + 6) };
  }
}

/** Index of the last entry whose id is not above `sought`; -1 where all are. */
function lastAtMost(entries: Buffer, size: number, sought: Buffer): number {
  let low = 0;
  let high = entries.length / size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sought.compare(entries, middle * size, middle * size + ID_BYTES) >= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** One block's ids in a BLOB, in the order given: 20 bytes of id and 4 of index each. */
export function packIds(ids: readonly { readonly id: Uint8Array; readonly index: number }[]): Buffer {
  const packed = Buffer.allocUnsafe(ids.length * 24);
  let at = 0;
  for (const { id, index } of ids) {
    packed.set(id, at);
    packed.writeUInt32BE(index, at + ID_BYTES);
    at += 24;
  }
  return packed;
}

/** The ids that `packIds` packed. */
export function unpackIds(packed: Buffer): { id: Uint8Array; index: number }[] {
  const ids: { id: Uint8Array; index: number }[] = [];
  for (let at = 0; at < packed.length; at += 24)
    ids.push({ id: plain(packed.subarray(at, at + ID_BYTES)), index: packed.readUInt32BE(at + ID_BYTES) });
  return ids;
}
