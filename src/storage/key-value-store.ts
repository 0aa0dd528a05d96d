/** Named values, in namespaces of one database. */
import type { Database, Statement } from "./database.ts";
import { storageError } from "./errors.ts";
import { plain } from "./packing.ts";

/** Longest key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024;
/** Largest value, in bytes. */
export const MAX_KEY_VALUE_BYTES = 64 * 1024 * 1024;

interface Row {
  key: Buffer;
  value: Buffer;
}

/**
 * A map from texts to bytes that survives a crash: each change is durable when its call returns, and part of the
 * transaction that is running where there is one.
 *
 * @example
 * ```ts
 * const sessions = new KeyValueStore(db, "mqtt/sessions");
 * sessions.put("client-1", bytes);
 * sessions.transaction(() => { sessions.delete("client-1"); sessions.put("client-2", bytes); });
 * ```
 */
export class KeyValueStore {
  readonly #db: Database;
  readonly #space: Buffer;
  readonly #get: Statement<[Uint8Array], Buffer>;
  readonly #put: Statement<[Uint8Array, Uint8Array]>;
  readonly #delete: Statement<[Uint8Array]>;
  readonly #list: Statement<[Uint8Array, Uint8Array, number], Row>;
  readonly #count: Statement<[Uint8Array, Uint8Array], number>;

  constructor(db: Database, namespace: string) {
    if (namespace.includes("\0")) throw storageError("storage.misuse", "a namespace has no NUL");
    this.#db = db;
    // One table for all namespaces; NUL ends the namespace, so that none is the beginning of another.
    this.#space = Buffer.from(`${namespace}\0`);
    db.define("CREATE TABLE IF NOT EXISTS key_values(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
    this.#get = db.prepare<[Uint8Array], Buffer>("SELECT value FROM key_values WHERE key = ?").pluck();
    this.#put = db.prepare("INSERT INTO key_values VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
    this.#delete = db.prepare("DELETE FROM key_values WHERE key = ?");
    this.#list = db.prepare("SELECT key, value FROM key_values WHERE key >= ? AND key < ? ORDER BY key LIMIT ?");
    this.#count = db
      .prepare<[Uint8Array, Uint8Array], number>("SELECT count(*) FROM key_values WHERE key >= ? AND key < ?")
      .pluck();
  }

  /** The value of a key. */
  get(key: string): Uint8Array | undefined {
    const value = this.#db.read(() => this.#get.get(this.#name(key)));
    return value === undefined ? undefined : plain(value);
  }

  /** @throws HansaError `storage.limit`, `storage.disk-full`, … */
  put(key: string, value: Uint8Array): void {
    this.#db.transaction(() => this.#change(key, value));
  }

  /** Removes a key; one that is not there is no error. */
  delete(key: string): void {
    this.#db.transaction(() => this.#change(key, null));
  }

  /** Changes several keys at once, all or none; `null` removes. */
  batch(changes: readonly { readonly key: string; readonly value: Uint8Array | null }[]): void {
    this.#db.transaction(() => {
      for (const { key, value } of changes) this.#change(key, value);
    });
  }

  /** Runs reads and changes, of other stores of this database too, as one durable transaction. */
  transaction<Result>(run: () => Result): Result {
    return this.#db.transaction(run);
  }

  /**
   * Keys with a prefix and their values, in the order of their UTF-8 bytes.
   *
   * @param options - `after`: only keys behind this one, to page on; `limit`: at most so many, all by default
   */
  list(prefix: string, options: { after?: string; limit?: number } = {}): { key: string; value: Uint8Array }[] {
    const [start, end] = this.#range(prefix);
    // The least key behind another is that one with a NUL at its end.
    const after = options.after === undefined ? start : Buffer.concat([this.#name(options.after), Buffer.alloc(1)]);
    const from = Buffer.compare(after, start) > 0 ? after : start;
    const rows = this.#db.read(() => this.#list.all(from, end, options.limit ?? -1));
    return rows.map(({ key, value }) => ({ key: key.toString("utf8", this.#space.length), value: plain(value) }));
  }

  /** How many keys have a prefix. */
  count(prefix: string): number {
    const [start, end] = this.#range(prefix);
    return this.#db.read(() => this.#count.get(start, end)) ?? 0;
  }

  /** From the prefix itself to below its end: 0xff never occurs in UTF-8. */
  #range(prefix: string): [Buffer, Buffer] {
    const start = this.#name(prefix);
    return [start, Buffer.concat([start, Buffer.from([0xff])])];
  }

  #change(key: string, value: Uint8Array | null): void {
    if (value === null) {
      this.#delete.run(this.#name(key));
      return;
    }
    if (value.length > MAX_KEY_VALUE_BYTES)
      throw storageError("storage.limit", `a value has at most ${MAX_KEY_VALUE_BYTES} bytes`, { size: value.length });
    this.#put.run(this.#name(key), value);
  }

  #name(key: string): Buffer {
    // Half of a surrogate pair has no UTF-8: two such keys would become one.
    if (/\p{Surrogate}/u.test(key)) throw storageError("storage.misuse", "a key is well-formed Unicode");
    const name = Buffer.concat([this.#space, Buffer.from(key)]);
    if (name.length - this.#space.length > MAX_KEY_BYTES)
      throw storageError("storage.limit", `a key has at most ${MAX_KEY_BYTES} bytes`);
    return name;
  }
}
