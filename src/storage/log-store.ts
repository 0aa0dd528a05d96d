/** Append-only logs with the hash trees over them, many in one database. */
import type { Database, Statement } from "./database.ts";
import { storageError } from "./errors.ts";
import { plain } from "./packing.ts";

/** What is appended; offsets follow from the order. */
export interface NewEntry {
  /** Milliseconds since 1970, as the writer says; it may go back. */
  readonly time: number;
  readonly body: Uint8Array;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** An inner node of the tree over a log. */
export interface LogNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/** What one call adds to one log. */
export interface LogBatch {
  readonly log: string;
  readonly entries: readonly NewEntry[];
  readonly nodes: readonly LogNode[];
}

/** An entry as it is read. */
export interface LogEntry extends NewEntry {
  readonly offset: number;
}

interface LogRow {
  id: number;
  size: number;
  peak: number;
  kept: number;
}

// An entry's row is log * OFFSETS + offset, so that a log's entries lie together and both parts stay exact in a double.
const OFFSETS = 2 ** 33;
const MAX_LOGS = 2 ** 20 - 1;
/** Longest name of a log, in characters. */
export const MAX_LOG_NAME = 1024;
/** Most entries that one `read` returns. */
export const MAX_READ = 10_000;
/** Largest body of an entry, bytes. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS logs(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
    peak INTEGER NOT NULL, kept INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS log_entries(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, peak INTEGER NOT NULL,
    hash BLOB NOT NULL, body BLOB);
  CREATE TABLE IF NOT EXISTS log_nodes(log INTEGER, level INTEGER, place INTEGER, hash BLOB NOT NULL,
    PRIMARY KEY(log, level, place)) WITHOUT ROWID;
`;

/**
 * The logs of a database.
 *
 * @example
 * ```ts
 * const logs = new LogStore(db);
 * logs.append([{ log: "topic/1", entries: [{ time, body, hash }], nodes: [] }]);
 * logs.read("topic/1", 0, 100); // [{ offset: 0, time, body, hash }]
 * ```
 */
export class LogStore {
  readonly #db: Database;
  readonly #find: Statement<[string], LogRow>;
  readonly #create: Statement<[string]>;
  readonly #grow: Statement<[number, number, number]>;
  readonly #save: Statement<[number, number, number, Uint8Array, Uint8Array]>;
  readonly #saveNode: Statement<[number, number, number, Uint8Array]>;
  readonly #read: Statement<[number, number, number], { id: number; time: number; hash: Buffer; body: Buffer }>;
  readonly #hashes: Statement<[number, number], Buffer>;
  readonly #node: Statement<[number, number, number], Buffer>;
  readonly #names: Statement<[], string>;
  readonly #peakAt: Statement<[number], number>;
  readonly #clear: Statement<[number, number]>;
  readonly #keep: Statement<[number, number]>;

  constructor(db: Database) {
    this.#db = db;
    db.define(SCHEMA);
    this.#find = db.prepare("SELECT id, size, peak, kept FROM logs WHERE name = ?");
    this.#create = db.prepare("INSERT INTO logs(name, size, peak, kept) VALUES (?, 0, 0, 0)");
    this.#grow = db.prepare("UPDATE logs SET size = ?, peak = ? WHERE id = ?");
    this.#save = db.prepare("INSERT INTO log_entries VALUES (?, ?, ?, ?, ?)");
    this.#saveNode = db.prepare("INSERT INTO log_nodes VALUES (?, ?, ?, ?)");
    this.#read = db.prepare(
      "SELECT id, time, hash, body FROM log_entries WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
    );
    this.#hashes = db
      .prepare<[number, number], Buffer>("SELECT hash FROM log_entries WHERE id >= ? AND id < ? ORDER BY id")
      .pluck();
    this.#node = db
      .prepare<[number, number, number], Buffer>("SELECT hash FROM log_nodes WHERE log = ? AND level = ? AND place = ?")
      .pluck();
    this.#names = db.prepare<[], string>("SELECT name FROM logs ORDER BY name").pluck();
    this.#peakAt = db.prepare<[number], number>("SELECT peak FROM log_entries WHERE id = ?").pluck();
    this.#clear = db.prepare("UPDATE log_entries SET body = NULL WHERE id >= ? AND id < ?");
    this.#keep = db.prepare("UPDATE logs SET kept = ? WHERE id = ?");
  }

  /**
   * Appends to several logs as one durable transaction. A log begins with its first entry.
   *
   * @param alongside - runs inside of the same transaction, for changes in other stores of this database
   * @throws HansaError `storage.limit`, `storage.disk-full`, …; nothing is appended then
   */
  append(batches: readonly LogBatch[], alongside?: () => void): void {
    this.#db.transaction(() => {
      for (const batch of batches) this.#appendOne(batch);
      // A promise would run on after the commit: `transaction` refuses it.
      return alongside?.();
    });
  }

  #appendOne({ log, entries, nodes }: LogBatch): void {
    if (entries.length === 0 && nodes.length === 0) return;
    let row = this.#find.get(log);
    if (row === undefined) {
      if (log.length > MAX_LOG_NAME) throw storageError("storage.limit", "the name of a log is too long");
      row = { id: Number(this.#create.run(log).lastInsertRowid), size: 0, peak: 0, kept: 0 };
    }
    let { size, peak } = row;
    if (row.id > MAX_LOGS || size + entries.length > OFFSETS) throw storageError("storage.limit", `the log is full`);
    for (const { time, body, hash } of entries) {
      if (hash.length !== 32) throw storageError("storage.limit", "a hash has 32 bytes", { size: hash.length });
      if (body.length > MAX_BODY_BYTES)
        throw storageError("storage.limit", "a body is too large", { size: body.length });
      // The highest time so far: it never goes back, so that times can be searched by halving.
      if (time > peak) peak = time;
      this.#save.run(row.id * OFFSETS + size++, time, peak, hash, body);
    }
    for (const { level, index, hash } of nodes) this.#saveNode.run(row.id, level, index, hash);
    this.#grow.run(size, peak, row.id);
  }

  /** Entries ever appended to a log, which is the next offset. */
  size(log: string): number {
    return this.#row(log)?.size ?? 0;
  }

  /** First offset whose body is still kept. */
  kept(log: string): number {
    return this.#row(log)?.kept ?? 0;
  }

  /**
   * Entries from an offset on, at most `limit` and `MAX_READ`. Those whose bodies were pruned are passed over: look at the
   * offset of the first one.
   */
  read(log: string, from: number, limit: number): LogEntry[] {
    const row = this.#row(log);
    if (row === undefined || limit <= 0) return [];
    const base = row.id * OFFSETS;
    const first = base + Math.max(from, row.kept);
    return this.#db
      .read(() => this.#read.all(first, base + row.size, Math.min(limit, MAX_READ)))
      .map(({ id, time, hash, body }) => ({ offset: id - base, time, body: plain(body), hash: plain(hash) }));
  }

  /** Hashes of the entries from offset `from` to below `to`; pruned entries keep theirs. */
  hashes(log: string, from: number, to: number): Uint8Array[] {
    const row = this.#row(log);
    if (row === undefined) return [];
    const base = row.id * OFFSETS;
    return this.#db
      .read(() => this.#hashes.all(base + Math.max(0, from), base + Math.min(to, row.size)))
      .map((hash) => plain(hash));
  }

  /** A node of the tree over a log. */
  node(log: string, level: number, index: number): Uint8Array | undefined {
    const row = this.#row(log);
    const hash = row && this.#db.read(() => this.#node.get(row.id, level, index));
    return hash === undefined ? undefined : plain(hash);
  }

  /** Names of all logs, sorted. */
  logs(): string[] {
    return this.#db.read(() => this.#names.all());
  }

  /** Offset of the first entry with a time of at least `time`; the size of the log where there is none. */
  offsetAtTime(log: string, time: number): number {
    const row = this.#row(log);
    if (row === undefined) return 0;
    return this.#db.read(() => {
      let low = 0;
      let high = row.size;
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if ((this.#peakAt.get(row.id * OFFSETS + middle) ?? 0) >= time) high = middle;
        else low = middle + 1;
      }
      return low;
    });
  }

  /**
   * Removes the bodies of all entries below an offset; hashes and nodes stay, so that later entries can still be proved.
   *
   * @returns how many bodies were removed
   */
  prune(log: string, before: number): number {
    return this.#db.transaction(() => {
      const row = this.#find.get(log);
      if (row === undefined) return 0;
      const end = Math.min(before, row.size);
      if (end <= row.kept) return 0;
      const base = row.id * OFFSETS;
      this.#clear.run(base + row.kept, base + end);
      this.#keep.run(end, row.id);
      return end - row.kept;
    });
  }

  #row(log: string): LogRow | undefined {
    return this.#db.read(() => this.#find.get(log));
  }
}
