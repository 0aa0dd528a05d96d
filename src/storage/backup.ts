/** Copies of a database that stand alone: one encrypted file, checked page by page before it gets its name. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  read as readCallback,
  readSync,
  rmSync,
  statSync,
  write as writeCallback,
} from "node:fs";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { CIPHER, checkKey, PAGE_SIZE, RESERVED_BYTES } from "./cipher.ts";
import { type Database, SCHEMA_VERSION } from "./database.ts";
import { nameError, storageError } from "./errors.ts";
import { createGuard, guardFile, syncFolderOf } from "./guard.ts";

const readAt = promisify(readCallback);
const writeAt = promisify(writeCallback);
const CHUNK_BYTES = 1024 * 1024;

// Runs on its own thread: a node that checks a copy of gigabytes must go on answering. It also leaves the copy without a
// write-ahead log, so that one file is all of it.
const CHECKER = `
const { parentPort, workerData } = require("node:worker_threads");
const Sqlite = require(workerData.library);
const raw = (key) => Buffer.concat([Buffer.from("raw:"), key]);
let connection;
try {
  connection = new Sqlite(workerData.file, { timeout: 0, fileMustExist: true });
  connection.pragma(workerData.cipher);
  connection.key(raw(workerData.key));
  connection.pragma("temp_store = MEMORY");
  connection.pragma("locking_mode = EXCLUSIVE");
  connection.pragma("journal_mode = DELETE");
  if (workerData.newKey) connection.rekey(raw(workerData.newKey));
  const version = connection.pragma("user_version", { simple: true });
  const found = connection.pragma("integrity_check(1)", { simple: true });
  const state = connection.prepare("SELECT id, sequence FROM storage_state").get();
  connection.close();
  parentPort.postMessage({ version, sound: found === "ok", id: state.id, sequence: state.sequence });
} catch (error) {
  if (connection) connection.close();
  parentPort.postMessage({ code: String(error.code) });
}
`;

interface Checked {
  readonly version: number;
  readonly id: Uint8Array;
  readonly sequence: number;
}

/**
 * Copies a database while it goes on being written. The copy holds every commit that was acknowledged before the call.
 * It is encrypted with the database's key, or with another one.
 *
 * @param options - `key`: another key for the copy, 32 bytes
 * @throws HansaError `storage.exists`, `storage.corrupt`, `storage.disk-full`, `storage.closed`, `storage.misuse` where a
 * backup is running already; no file is left then
 * @example
 * ```ts
 * await backup(db, "/backup/group-2026-11-22.db");
 * ```
 */
export async function backup(db: Database, toFile: string, options: { readonly key?: Uint8Array } = {}): Promise<void> {
  if (options.key !== undefined) checkKey(options.key);
  refuseExisting(toFile);
  const key = db.copyKey();
  try {
    await placing(toFile, async (fresh) => {
      await db.holdStill((fd, size, check) => copy(fd, size, fresh, check));
      await check(fresh, key, options.key);
    });
  } finally {
    key.fill(0);
  }
}

/**
 * Brings a backup in as a database, after checking it wholly. An existing database is never overwritten.
 *
 * @throws HansaError `storage.exists`, `storage.wrong-key`, `storage.corrupt`, `storage.newer-schema`,
 * `storage.not-a-backup`, `storage.not-found`, `storage.disk-full`
 * @example
 * ```ts
 * await restore("/backup/group-2026-11-22.db", key, "/var/lib/hansa/group.db");
 * ```
 */
export async function restore(fromFile: string, key: Uint8Array, toFile: string): Promise<void> {
  checkKey(key);
  // A live file without its log is not all of the database, and reading it here would drop its owner's lock.
  if (existsSync(guardFile(fromFile)) || existsSync(`${fromFile}-wal`))
    throw storageError("storage.not-a-backup", `${fromFile} is a live database`, { file: fromFile });
  refuseExisting(toFile);
  await placing(toFile, async (fresh) => {
    let fd: number;
    try {
      fd = openSync(fromFile, "r");
    } catch (error) {
      throw nameError(error, fromFile);
    }
    try {
      checkHeader(fd, fromFile);
      await copy(fd, statSync(fromFile).size, fresh, () => undefined);
    } finally {
      closeSync(fd);
    }
    const { id, sequence } = await check(fresh, key, undefined, fromFile);
    // Before the database, whose appearance ends the restore: until then a second try finds nothing in its way.
    createGuard(toFile, key, { id, sequence, replace: true });
  });
}

function refuseExisting(file: string): void {
  for (const path of [file, `${file}-wal`])
    if (existsSync(path)) throw storageError("storage.exists", `${path} exists already`, { file: path });
}

/** Has a file made beside its place and puts it there at the end, on disk and without overwriting. */
async function placing(toFile: string, make: (fresh: string) => Promise<void>): Promise<void> {
  const fresh = `${toFile}.${randomBytes(6).toString("hex")}`;
  try {
    await make(fresh);
    syncFile(fresh);
    linkSync(fresh, toFile);
    rmSync(fresh);
    syncFolderOf(toFile);
  } catch (error) {
    throw nameError(error, toFile);
  } finally {
    for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(fresh + end, { force: true });
  }
}

function syncFile(file: string): void {
  const fd = openSync(file, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

async function copy(from: number, size: number, toFile: string, check: () => void): Promise<void> {
  const to = openSync(toFile, "wx", 0o600);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(size, CHUNK_BYTES) || 1);
    for (let at = 0; at < size; ) {
      check();
      const { bytesRead } = await readAt(from, buffer, 0, Math.min(buffer.length, size - at), at);
      if (bytesRead === 0) throw storageError("storage.corrupt", "the file ended while it was copied");
      for (let done = 0; done < bytesRead; )
        done += (await writeAt(to, buffer, done, bytesRead - done, at + done)).bytesWritten;
      at += bytesRead;
    }
    check();
  } finally {
    closeSync(to);
  }
}

/** The cipher leaves eight bytes of the first page readable: page size, versions, reserve and the fixed fractions. */
function checkHeader(fd: number, file: string): void {
  const head = Buffer.alloc(24);
  const length = readSync(fd, head, 0, 24, 0);
  const sound = length === 24 && head.readUInt16BE(16) === PAGE_SIZE && head[20] === RESERVED_BYTES && head[21] === 64;
  if (!sound) throw storageError("storage.corrupt", `${file} does not begin as a database of Hansa does`, { file });
}

function check(file: string, key: Uint8Array, newKey?: Uint8Array, name = file): Promise<Checked> {
  const library = createRequire(import.meta.url).resolve("better-sqlite3-multiple-ciphers");
  return new Promise<Checked>((resolve, reject) => {
    const worker = new Worker(CHECKER, { eval: true, workerData: { cipher: CIPHER, library, file, key, newKey } });
    let answer: (Checked & { sound: boolean }) | { code: string } | undefined;
    worker.on("message", (message) => {
      answer = message;
    });
    worker.on("error", reject);
    worker.on("exit", () => {
      if (answer === undefined)
        reject(storageError("storage.failed", `the check of ${name} did not end`, { file: name }));
      else if ("code" in answer) reject(nameChecked(answer.code, name));
      else if (!answer.sound) reject(storageError("storage.corrupt", `${name} is damaged`, { file: name }));
      else if (answer.version > SCHEMA_VERSION)
        reject(storageError("storage.newer-schema", `${name} has schema ${answer.version}`, { file: name }));
      else resolve(answer);
    });
  });
}

function nameChecked(code: string, file: string): unknown {
  if (code === "SQLITE_NOTADB")
    return storageError("storage.wrong-key", `${file} does not open with this key, or its first page is damaged`, {
      file,
    });
  const error = Object.assign(new Error(code), { code });
  const named = nameError(error, file);
  return named === error ? storageError("storage.failed", `${file}: ${code}`, { file, cause: code }) : named;
}
