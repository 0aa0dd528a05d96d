/** Entries of a wallet in an encrypted database of their own. It has the shape of `WalletStore` of the room `identity`. */
import type { Database, Statement } from "./database.ts";
import { storageError } from "./errors.ts";
import { plain } from "./packing.ts";

/** Largest value of an entry, in bytes. */
export const MAX_WALLET_VALUE_BYTES = 4 * 1024 * 1024;

type Kind = "key" | "credential" | "shown";

interface Entry {
  readonly id: string;
  readonly value: Uint8Array;
}

type Change =
  | { readonly add: Entry & { readonly kind: Kind; readonly terms: readonly string[] } }
  | { readonly remove: { readonly kind: Kind; readonly id: string } };

/** Thrown to roll back, and caught again: an entry to be added was there. */
class Taken extends Error {}

/**
 * A wallet's entries. Each `write` is one transaction, durable when it resolves.
 *
 * @example
 * ```ts
 * const db = openDatabase({ file: "/home/alice/.hansa/wallet.db", key });
 * const wallet = new Wallet({ store: new WalletEntries(db) });
 * ```
 */
export class WalletEntries {
  readonly #db: Database;
  readonly #get: Statement<[string, string], Buffer>;
  readonly #list: Statement<[string], { id: string; value: Buffer }>;
  readonly #find: Statement<[string, string], { id: string; value: Buffer }>;
  readonly #count: Statement<[string], number>;
  readonly #add: Statement<[string, string, Uint8Array]>;
  readonly #addTerm: Statement<[string, string, string]>;
  readonly #remove: Statement<[string, string]>;
  readonly #removeTerms: Statement<[string, string]>;

  constructor(db: Database) {
    this.#db = db;
    db.define(
      `CREATE TABLE IF NOT EXISTS wallet_entries(kind TEXT, id TEXT, value BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
       CREATE TABLE IF NOT EXISTS wallet_terms(kind TEXT, term TEXT, id TEXT, PRIMARY KEY (kind, term, id)) WITHOUT ROWID;
       CREATE INDEX IF NOT EXISTS wallet_terms_by_id ON wallet_terms(kind, id)`,
    );
    this.#get = db
      .prepare<[string, string], Buffer>("SELECT value FROM wallet_entries WHERE kind = ? AND id = ?")
      .pluck();
    this.#list = db.prepare("SELECT id, value FROM wallet_entries WHERE kind = ? ORDER BY id");
    this.#find = db.prepare(
      "SELECT e.id, e.value FROM wallet_terms t JOIN wallet_entries e ON e.kind = t.kind AND e.id = t.id WHERE t.kind = ? AND t.term = ? ORDER BY t.id",
    );
    this.#count = db.prepare<[string], number>("SELECT count(*) FROM wallet_entries WHERE kind = ?").pluck();
    this.#add = db.prepare("INSERT INTO wallet_entries VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    this.#addTerm = db.prepare("INSERT INTO wallet_terms VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    this.#remove = db.prepare("DELETE FROM wallet_entries WHERE kind = ? AND id = ?");
    this.#removeTerms = db.prepare("DELETE FROM wallet_terms WHERE kind = ? AND id = ?");
  }

  async get(kind: Kind, id: string): Promise<Uint8Array | undefined> {
    const value = this.#db.read(() => this.#get.get(kind, id));
    return value === undefined ? undefined : plain(value);
  }

  async list(kind: Kind, term?: string): Promise<Entry[]> {
    const rows = this.#db.read(() => (term === undefined ? this.#list.all(kind) : this.#find.all(kind, term)));
    return rows.map(({ id, value }) => ({ id, value: plain(value) }));
  }

  async count(kind: Kind): Promise<number> {
    return this.#db.read(() => this.#count.get(kind)) ?? 0;
  }

  /** @throws HansaError `storage.limit`, `storage.disk-full`, … */
  async write(changes: readonly Change[]): Promise<boolean> {
    try {
      this.#db.transaction(() => {
        for (const change of changes) this.#change(change);
      });
      return true;
    } catch (error) {
      if (error instanceof Taken) return false;
      throw error;
    }
  }

  #change(change: Change): void {
    if ("remove" in change) {
      this.#remove.run(change.remove.kind, change.remove.id);
      this.#removeTerms.run(change.remove.kind, change.remove.id);
      return;
    }
    const { kind, id, value, terms } = change.add;
    if (value.length > MAX_WALLET_VALUE_BYTES)
      throw storageError("storage.limit", `a wallet's entry has at most ${MAX_WALLET_VALUE_BYTES} bytes`, {
        size: value.length,
      });
    if (this.#add.run(kind, id, value).changes === 0) throw new Taken();
    for (const term of terms) this.#addTerm.run(kind, term, id);
  }

  /** Closes the database. */
  async close(): Promise<void> {
    this.#db.close();
  }
}
