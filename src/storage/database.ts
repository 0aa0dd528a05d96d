/** One encrypted SQLite file with one owner: opening, transactions, keys. See docs/adr/0004-encrypted-sqlite.md. */
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import type Sqlite from "better-sqlite3-multiple-ciphers";
import { type Connection, checkKey, connect, PAGE_SIZE, rawKey } from "./cipher.ts";
import { nameError, storageError } from "./errors.ts";
import { createGuard, Guard, type GuardState, guardFile, readGuard } from "./guard.ts";

/** Layout of the tables of all stores of this room. A file with a higher number is refused. */
export const SCHEMA_VERSION = 1;

const CACHE_KIB = 64 * 1024;
// 16 MiB of log: hot pages are folded into the file once for many commits, and a restart replays little.
const CHECKPOINT_PAGES = 4096;
const LOG_LIMIT_BYTES = 64 * 1024 * 1024;

/** A prepared statement. */
export type Statement<Parameters extends unknown[], Row = unknown> = Sqlite.Statement<Parameters, Row>;

export interface OpenOptions {
  /** Path of the file. Its folder must exist; `-wal` and `-guard` files stand beside it. */
  readonly file: string;
  /** The data key, 32 bytes. It is copied: the caller may wipe it. */
  readonly key: Uint8Array;
  /** Refuse every change. The file must exist. It is locked all the same. */
  readonly readonly?: boolean;
}

/** The guard of a file, made first of all where both are new: a crash then never leaves a database without one. */
function admitGuard(file: string, key: Uint8Array, size: number): GuardState {
  let state = readGuard(file, key);
  if (state === undefined && size === 0) {
    createGuard(file, key);
    state = readGuard(file, key);
  }
  if (state === undefined)
    throw storageError("storage.guard-missing", `${guardFile(file)} is missing`, { file: guardFile(file) });
  if (!state.keyMatches) throw storageError("storage.wrong-key", `${file} does not open with this key`, { file });
  if (state.sequence > 0 && size === 0) throw storageError("storage.corrupt", `${file} is missing or empty`, { file });
  return state;
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}

/**
 * Opens a database, or makes it where there is none.
 *
 * @throws HansaError `storage.wrong-key`, `storage.corrupt`, `storage.wal-truncated`, `storage.guard-missing`,
 * `storage.in-use`, `storage.newer-schema`, `storage.disk-full`, `storage.not-found`, `storage.io`, `storage.key-size`
 * @example
 * ```ts
 * const db = openDatabase({ file: "/var/lib/hansa/group.db", key });
 * const settings = new KeyValueStore(db, "settings");
 * db.close();
 * ```
 */
export function openDatabase(options: OpenOptions): Database {
  const { file, key } = options;
  checkKey(key);
  const readonly = options.readonly ?? false;
  const size = sizeOf(file);
  if (readonly && size === undefined) throw storageError("storage.not-found", `${file} does not exist`, { file });
  const state = admitGuard(file, key, size ?? 0);

  // Closing a connection that may write folds the log into the file and deletes it, so the evidence of a cut log would
  // be gone. A reading connection looks first and leaves everything as it is.
  const logged = (sizeOf(`${file}-wal`) ?? 0) > 0;
  if (logged) probe(file, key, state);
  let guard: Guard | undefined;
  let connection: Connection | undefined;
  try {
    connection = connect(file, key);
    configure(connection, file);
    checkState(connection, file, state);
    checkSize(connection, file, logged && !readonly);
    guard = Guard.open(file, key, state);
    const sequence = prepareSchema(connection, guard, file);
    if (readonly) connection.pragma("query_only = ON");
    return new Database({ file, key, readonly }, connection, guard, sequence);
  } catch (error) {
    connection?.close();
    guard?.close();
    throw nameOpeningError(error, file, state);
  }
}

function probe(file: string, key: Uint8Array, state: GuardState): void {
  let connection: Connection | undefined;
  try {
    connection = connect(file, key, { readonly: true });
    checkState(connection, file, state);
  } catch (error) {
    throw nameOpeningError(error, file, state);
  } finally {
    connection?.close();
    // The reading connection's shared index; the owner keeps its index in memory.
    rmSync(`${file}-shm`, { force: true });
  }
}

/** The guard tells a wrong key from a damaged first page, which SQLite cannot. */
function nameOpeningError(error: unknown, file: string, state: GuardState): unknown {
  if ((error as { code?: unknown } | null)?.code === "SQLITE_NOTADB" && state.otherKey)
    return storageError("storage.wrong-key", `${file} was being re-keyed and opens with the other key`, { file });
  return nameError(error, file);
}

function configure(connection: Connection, file: string): void {
  // Exclusive before the first read: the lock is taken once and held, and the log's index stays in memory.
  connection.pragma("locking_mode = EXCLUSIVE");
  connection.pragma(`page_size = ${PAGE_SIZE}`);
  const mode = connection.pragma("journal_mode = WAL", { simple: true });
  if (mode !== "wal") throw storageError("storage.io", `${file} cannot have a write-ahead log`, { file });
  connection.pragma("synchronous = FULL");
  connection.pragma(`cache_size = -${CACHE_KIB}`);
  connection.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  connection.pragma(`journal_size_limit = ${LOG_LIMIT_BYTES}`);
  // Takes the lock now, so that a second owner is refused at the door.
  connection.exec("BEGIN IMMEDIATE; COMMIT");
}

/** What the database says of itself: its id and its last commit. */
export function readState(connection: Connection): { id: Uint8Array; sequence: number } | undefined {
  const table = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'storage_state'").get();
  if (table === undefined) return undefined;
  return connection.prepare<[], { id: Uint8Array; sequence: number }>("SELECT id, sequence FROM storage_state").get();
}

/** @throws HansaError `storage.newer-schema` */
export function checkSchema(connection: Connection, file: string): void {
  const version = connection.pragma("user_version", { simple: true }) as number;
  if (version > SCHEMA_VERSION)
    throw storageError("storage.newer-schema", `${file} has schema ${version}, this version knows ${SCHEMA_VERSION}`, {
      file,
      found: version,
      known: SCHEMA_VERSION,
    });
}

function checkState(connection: Connection, file: string, state: GuardState): void {
  checkSchema(connection, file);
  const found = readState(connection);
  const sequence = found?.sequence ?? 0;
  if (sequence < state.sequence)
    throw storageError("storage.wal-truncated", `${file} ends at commit ${sequence}, acknowledged ${state.sequence}`, {
      file,
      found: sequence,
      acknowledged: state.sequence,
    });
  if (found !== undefined && !Buffer.from(found.id).equals(state.id))
    throw storageError("storage.guard-missing", `${guardFile(file)} belongs to another database`, {
      file: guardFile(file),
    });
}

/** A file that lost its end shows only when a lost page is read. Folding the log first makes the sizes comparable. */
function checkSize(connection: Connection, file: string, fold: boolean): void {
  if (fold) connection.pragma("wal_checkpoint(TRUNCATE)");
  if ((sizeOf(`${file}-wal`) ?? 0) > 0) return;
  const pages = connection.pragma("page_count", { simple: true }) as number;
  const size = sizeOf(file) ?? 0;
  if (size < pages * PAGE_SIZE)
    throw storageError("storage.corrupt", `${file} was cut: ${size} of ${pages * PAGE_SIZE} bytes`, {
      file,
      size,
      expected: pages * PAGE_SIZE,
    });
}

function prepareSchema(connection: Connection, guard: Guard, file: string): number {
  checkSchema(connection, file);
  const found = readState(connection);
  if (found !== undefined) return found.sequence;
  connection.exec("BEGIN IMMEDIATE");
  connection.exec("CREATE TABLE storage_state(one INTEGER PRIMARY KEY, id BLOB NOT NULL, sequence INTEGER NOT NULL)");
  connection.prepare("INSERT INTO storage_state VALUES (1, ?, 0)").run(guard.id);
  connection.pragma(`user_version = ${SCHEMA_VERSION}`);
  connection.exec("COMMIT");
  return 0;
}

/** An open database. The stores of this room share it; all of its changes go through `transaction`. */
export class Database {
  readonly file: string;
  readonly readonly: boolean;
  readonly #connection: Connection;
  readonly #guard: Guard;
  readonly #key: Uint8Array;
  readonly #begin: Statement<[]>;
  readonly #count: Statement<[number]>;
  readonly #commit: Statement<[]>;
  readonly #changes: Statement<[], number>;
  #sequence: number;
  #broken: unknown;
  #doom: unknown;
  #doomed = false;
  #closed = false;
  #copying = false;
  #copyFd: number | undefined;
  #afterCommit: (() => void)[] = [];

  /** Made by `openDatabase`. */
  constructor(options: Required<OpenOptions>, connection: Connection, guard: Guard, sequence: number) {
    this.file = options.file;
    this.readonly = options.readonly;
    this.#key = Uint8Array.from(options.key);
    this.#connection = connection;
    this.#guard = guard;
    this.#sequence = sequence;
    this.#begin = connection.prepare("BEGIN IMMEDIATE");
    this.#count = connection.prepare("UPDATE storage_state SET sequence = ?");
    this.#commit = connection.prepare("COMMIT");
    this.#changes = connection.prepare<[], number>("SELECT total_changes()").pluck();
  }

  /** Whether a transaction is running. */
  get inTransaction(): boolean {
    return this.#connection.inTransaction;
  }

  /** Commits so far, since the file was made. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Prepares a statement, for the stores of this room. Run it inside of `read` or `transaction`. */
  prepare<Parameters extends unknown[], Row = unknown>(sql: string): Statement<Parameters, Row> {
    return this.read(() => this.#connection.prepare<Parameters, Row>(sql) as unknown as Statement<Parameters, Row>);
  }

  /** Creates what a store needs, in one transaction; nothing happens where it is there or nothing may be written. */
  define(sql: string): void {
    if (this.readonly) return;
    this.transaction(() => void this.#connection.exec(sql));
  }

  /**
   * Runs reads and gives what goes wrong its name.
   *
   * @throws HansaError `storage.corrupt`, `storage.closed`, …
   */
  read<Result>(run: () => Result): Result {
    if (this.#closed) throw storageError("storage.closed", `${this.file} is closed`, { file: this.file });
    try {
      return run();
    } catch (error) {
      throw nameError(error, this.file);
    }
  }

  /**
   * Runs changes as one durable transaction: when it returns they survive a crash, when it throws nothing of them was
   * kept. Inside of a running transaction it joins that one; a failure within then fails the whole.
   *
   * @param run - synchronous; a promise is refused
   * @throws what `run` throws; HansaError `storage.disk-full`, `storage.corrupt`, `storage.io`, `storage.readonly`
   */
  transaction<Result>(run: () => Result): Result {
    if (this.#connection.inTransaction) return this.#join(run);
    if (this.#closed) throw storageError("storage.closed", `${this.file} is closed`, { file: this.file });
    if (this.readonly) throw storageError("storage.readonly", `${this.file} is open for reading`, { file: this.file });
    if (this.#broken !== undefined)
      throw storageError("storage.io", `${this.file} failed before and must be opened again`, { file: this.file });
    // A commit that the guard could not note is durable all the same; it is caught up before anything is added.
    if (!this.#guard.stands(this.#sequence)) this.#guard.note(this.#sequence);
    let result: Result;
    let committing = false;
    const next = this.#sequence + 1;
    try {
      this.#begin.run();
      const before = this.#changes.get();
      result = run();
      refusePromise(result);
      if (this.#doomed) throw this.#doom;
      const changed = this.#changes.get() !== before;
      if (changed) this.#count.run(next);
      committing = true;
      this.#commit.run();
      if (changed) this.#sequence = next;
    } catch (error) {
      this.#rollback(committing, error);
      throw nameError(error, this.file);
    }
    const after = this.#afterCommit;
    if (after.length > 0) {
      this.#afterCommit = [];
      for (const done of after) done();
    }
    if (!this.#guard.stands(this.#sequence)) {
      try {
        this.#guard.note(this.#sequence);
      } catch {
        // The commit stands, so the caller must not hear of a failure; the next transaction tries again and says so.
      }
    }
    return result;
  }

  /** Runs `done` once the running transaction is durable; never when it is rolled back. */
  afterCommit(done: () => void): void {
    if (this.#connection.inTransaction) this.#afterCommit.push(done);
    else done();
  }

  #join<Result>(run: () => Result): Result {
    try {
      const result = run();
      refusePromise(result);
      return result;
    } catch (error) {
      // Half of the joined work may be in: the outer transaction must not commit even where its caller swallows this.
      if (!this.#doomed) {
        this.#doomed = true;
        this.#doom = error;
      }
      throw nameError(error, this.file);
    }
  }

  #rollback(committing: boolean, error: unknown): void {
    this.#afterCommit = [];
    this.#doomed = false;
    this.#doom = undefined;
    const code = String((error as { code?: unknown } | null)?.code ?? "");
    // After a failed sync nobody knows what the disk holds: only opening again, which reads it, finds out.
    if (committing && code.startsWith("SQLITE_IOERR")) this.#broken = error;
    try {
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
    } catch (failure) {
      this.#broken = failure;
    }
  }

  /**
   * Encrypts every page anew with another key. Blocks for as long as rewriting the file takes; a crash on the way leaves
   * the file with the old key or the new one, and `openDatabase` takes whichever it is.
   *
   * @throws HansaError `storage.disk-full`, `storage.misuse`, …
   */
  rekey(newKey: Uint8Array): void {
    checkKey(newKey);
    if (this.readonly) throw storageError("storage.readonly", `${this.file} is open for reading`, { file: this.file });
    if (this.inTransaction || this.#copying)
      throw storageError("storage.misuse", "a key is not changed during a transaction or backup", { file: this.file });
    this.read(() => {
      this.#guard.admit(this.#sequence, newKey);
      // SQLite re-keys under a rollback journal only, which keeps the old pages until the last new one is on disk.
      this.#connection.pragma("journal_mode = DELETE");
      const raw = rawKey(newKey);
      try {
        this.#connection.rekey(raw);
      } catch (error) {
        this.#connection.pragma("journal_mode = WAL");
        throw error;
      } finally {
        raw.fill(0);
      }
      this.#connection.pragma("journal_mode = WAL");
      this.#guard.settle(this.#sequence, newKey);
      this.#key.set(newKey);
    });
  }

  /**
   * Holds the main file still for as long as `copy` reads it: all commits are in it, and later ones stay in the log.
   *
   * @param copy - gets a descriptor to read from, the bytes that count, and a check that throws once the database closed
   */
  async holdStill<Result>(copy: (fd: number, size: number, check: () => void) => Promise<Result>): Promise<Result> {
    if (this.inTransaction || this.#copying)
      throw storageError("storage.misuse", "no backup during a transaction or another backup", { file: this.file });
    const size = this.read(() => {
      this.#connection.pragma("wal_autocheckpoint = 0");
      this.#connection.pragma("wal_checkpoint(TRUNCATE)");
      return (this.#connection.pragma("page_count", { simple: true }) as number) * PAGE_SIZE;
    });
    // Kept open until the database closes: POSIX drops all of a process's locks on a file when any descriptor closes.
    this.#copyFd ??= openSync(this.file, "r");
    this.#copying = true;
    try {
      return await copy(this.#copyFd, size, () => {
        if (this.#closed) throw storageError("storage.closed", `${this.file} was closed`, { file: this.file });
      });
    } finally {
      this.#copying = false;
      if (!this.#closed) this.#connection.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    }
  }

  /** A copy of the key, for the check of a backup; wipe it after use. */
  copyKey(): Uint8Array {
    if (this.#closed) throw storageError("storage.closed", `${this.file} is closed`, { file: this.file });
    return Uint8Array.from(this.#key);
  }

  /** Reads every page and index: returns nothing, or throws `storage.corrupt`. Blocks; for tools and tests. */
  check(): void {
    this.read(() => {
      const found = this.#connection.pragma("integrity_check(1)", { simple: true });
      if (found !== "ok") throw storageError("storage.corrupt", `${this.file} is damaged`, { file: this.file });
    });
  }

  /** Folds the log into the file and lets go of it. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    if (this.inTransaction) throw storageError("storage.misuse", "a database is not closed inside of a transaction");
    this.#closed = true;
    try {
      this.#connection.close();
    } finally {
      // A copy under way still reads from its descriptor, whose number must not pass to another file, and closing it later
      // would drop the lock of whoever has opened the file by then: that one is left to the end of the process.
      if (this.#copyFd !== undefined && !this.#copying) closeSync(this.#copyFd);
      this.#guard.close();
      this.#key.fill(0);
    }
  }
}

/** Encrypts a database anew: see `Database.rekey`. */
export function rekey(db: Database, newKey: Uint8Array): void {
  db.rekey(newKey);
}

function refusePromise(result: unknown): void {
  if (typeof (result as { then?: unknown } | null | undefined)?.then === "function")
    throw storageError("storage.misuse", "a transaction is synchronous: it cannot wait for a promise");
}
