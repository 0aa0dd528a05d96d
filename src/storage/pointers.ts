/**
 * Where each slot's current value lies. All pointers are in memory (8 bytes a slot); on disk they are pages of
 * `SLOTS_PER_PAGE` in one BLOB each. Updates hit slots at random, so writing the page of each would rewrite a page of
 * the file per changed record. Instead a sweep writes at most `PAGES_PER_COMMIT` of the changed pages with every commit;
 * what a sweep has not reached yet is found again at start from the chunks younger than `folded`.
 */
import type { Database, Statement } from "./database.ts";

/** 660 pointers of 6 bytes fill a page of the file. */
const SLOTS_PER_PAGE = 660;
const PAGES_PER_COMMIT = 8;
const POINTER_BYTES = 6;

/** What the sweep did in a commit; becomes true with `settle` once the commit is durable. */
interface Step {
  readonly folded: number;
  readonly sweep: readonly number[];
  readonly position: number;
  readonly mark: number;
  readonly started: boolean;
}

export class Pointers {
  readonly #pages: Float64Array[] = [];
  readonly #load: Statement<[], { page: number; data: Buffer }>;
  readonly #save: Statement<[number, Uint8Array]>;
  #count = 0;
  #dirty = new Set<number>();
  #sweep: readonly number[] = [];
  #position = 0;
  #mark = 0;
  #folded = 0;
  #step: Step | undefined;

  constructor(db: Database) {
    db.define("CREATE TABLE IF NOT EXISTS group_pointers(page INTEGER PRIMARY KEY, data BLOB NOT NULL)");
    this.#load = db.prepare("SELECT page, data FROM group_pointers ORDER BY page");
    this.#save = db.prepare("INSERT INTO group_pointers VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data");
  }

  /** Slots so far. */
  get count(): number {
    return this.#count;
  }

  /** Reads the pages; the caller then replays the chunks above `folded` with `set`. */
  open(count: number, folded: number): void {
    for (let page = 0; page * SLOTS_PER_PAGE < count; page++) this.#pages.push(new Float64Array(SLOTS_PER_PAGE));
    for (const { page, data } of this.#load.all()) {
      const into = this.#pages[page];
      if (into === undefined) continue;
      for (let i = 0; i * POINTER_BYTES < data.length; i++) into[i] = data.readUIntBE(i * POINTER_BYTES, POINTER_BYTES);
    }
    this.#count = count;
    this.#folded = folded;
  }

  /** Pointer of a slot; 0 where there is none. */
  get(slot: number): number {
    if (slot < 0 || slot >= this.#count) return 0;
    return this.#pages[Math.floor(slot / SLOTS_PER_PAGE)]?.[slot % SLOTS_PER_PAGE] ?? 0;
  }

  /** Sets a slot's pointer; the slot may be the next new one. */
  set(slot: number, pointer: number): void {
    const page = Math.floor(slot / SLOTS_PER_PAGE);
    let values = this.#pages[page];
    if (values === undefined) {
      values = new Float64Array(SLOTS_PER_PAGE);
      this.#pages[page] = values;
    }
    values[slot % SLOTS_PER_PAGE] = pointer;
    this.#dirty.add(page);
    if (slot >= this.#count) this.#count = slot + 1;
  }

  /** Forgets the slots from `count` on, after a failed commit. Their values are overwritten when they come again. */
  cut(count: number): void {
    this.#count = count;
  }

  /**
   * Writes the next pages, inside of the commit's transaction.
   *
   * @param last - youngest chunk of this commit
   * @returns up to which chunk the pages on disk are complete
   */
  sweep(last: number): number {
    let { sweep, position, mark, started } = {
      sweep: this.#sweep,
      position: this.#position,
      mark: this.#mark,
      started: false,
    };
    if (position >= sweep.length) {
      // In order of the file, so that neighbours are written together.
      sweep = [...this.#dirty].sort((a, b) => a - b);
      position = 0;
      mark = last;
      started = true;
    }
    const end = Math.min(sweep.length, position + PAGES_PER_COMMIT);
    for (; position < end; position++) this.#write(sweep[position] as number);
    const folded = position === sweep.length ? mark : this.#folded;
    this.#step = { folded, sweep, position, mark, started };
    return folded;
  }

  /** The commit is durable. */
  settle(): void {
    const step = this.#step;
    if (step === undefined) return;
    // Pages changed from here on belong to the next sweep, also those that this one has yet to write.
    if (step.started) this.#dirty = new Set();
    this.#sweep = step.sweep;
    this.#position = step.position;
    this.#mark = step.mark;
    this.#folded = step.folded;
    this.#step = undefined;
  }

  /** Writes all pages, for a store that was just filled, up to the chunk `last`. */
  writeAll(last: number): void {
    for (let page = 0; page < this.#pages.length; page++) this.#write(page);
    this.#step = { folded: last, sweep: [], position: 0, mark: last, started: true };
  }

  #write(page: number): void {
    const values = this.#pages[page] as Float64Array;
    const used = Math.min(SLOTS_PER_PAGE, this.#count - page * SLOTS_PER_PAGE);
    // A page that only a failed commit had reached.
    if (used <= 0) return;
    const data = Buffer.allocUnsafe(used * POINTER_BYTES);
    for (let i = 0; i < used; i++) data.writeUIntBE(values[i] as number, i * POINTER_BYTES, POINTER_BYTES);
    this.#save.run(page, data);
  }
}
