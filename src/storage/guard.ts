/**
 * SQLite takes a write-ahead log that was cut or damaged for one whose last writes were never finished, and drops its
 * tail without a word. The guard is a second witness of how far commits had come: 128 bytes beside the database,
 * rewritten in place after each commit and before the commit is acknowledged.
 *
 * Order: the commit is durable first, then the guard says so. Hence the guard never claims more than the disk had, and
 * a power cut between the two raises no false alarm. The write goes to the page cache (a killed process loses nothing);
 * it is forced to the disk every `SYNC_EVERY` commits and when the database is closed, so that after a power cut the
 * guard may be behind by what the kernel had not yet written back.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { nameError, storageError } from "./errors.ts";

const MAGIC = Buffer.from("HANSAGD1");
const SIZE = 128;
const ID_SIZE = 16;
const SLOT_AT = [32, 80] as const;
const SLOT_SIZE = 32;
const SYNC_EVERY = 64;

/** What a guard file says to the holder of a key. */
export interface GuardState {
  /** Binds the guard to one database. */
  readonly id: Uint8Array;
  /** Highest commit that was acknowledged, as far as the guard knows. */
  readonly sequence: number;
  /** Whether one of its slots was written with this key. */
  readonly keyMatches: boolean;
  /** Whether one of its slots was written with another key. */
  readonly otherKey: boolean;
}

/** Path of the guard of a database. */
export function guardFile(file: string): string {
  return `${file}-guard`;
}

/** Forces a folder's entries to the disk, so that a new or renamed file is still there after a power cut. */
export function syncFolderOf(file: string): void {
  const fd = openSync(dirname(file), "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function macKey(key: Uint8Array): Buffer {
  return createHmac("sha256", key).update("hansa storage guard").digest();
}

function slotOf(secret: Buffer, id: Uint8Array, sequence: number): Buffer {
  const slot = Buffer.alloc(SLOT_SIZE);
  slot.writeBigUInt64BE(BigInt(sequence), 0);
  createHmac("sha256", secret).update(id).update(slot.subarray(0, 8)).digest().copy(slot, 8, 0, 16);
  createHash("sha256").update(id).update(slot.subarray(0, 24)).digest().copy(slot, 24, 0, 8);
  return slot;
}

/**
 * Reads a guard file; `undefined` where there is none.
 *
 * @throws HansaError `storage.guard-missing` where it is there and no slot of it is whole
 */
export function readGuard(file: string, key: Uint8Array): GuardState | undefined {
  const path = guardFile(file);
  const bytes = Buffer.alloc(SIZE);
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw nameError(error, path);
  }
  try {
    readSync(fd, bytes, 0, SIZE, 0);
  } finally {
    closeSync(fd);
  }
  const id = Uint8Array.from(bytes.subarray(8, 8 + ID_SIZE));
  const secret = macKey(key);
  let sequence = -1;
  let keyMatches = false;
  let otherKey = false;
  for (const at of SLOT_AT) {
    const slot = bytes.subarray(at, at + SLOT_SIZE);
    const claimed = Number(slot.readBigUInt64BE(0));
    const check = createHash("sha256").update(id).update(slot.subarray(0, 24)).digest().subarray(0, 8);
    // A slot torn by a power cut fails its checksum; the other one, a commit older, still stands.
    if (!check.equals(slot.subarray(24))) continue;
    sequence = Math.max(sequence, claimed);
    if (timingSafeEqual(slotOf(secret, id, claimed), slot)) keyMatches = true;
    else otherKey = true;
  }
  if (!bytes.subarray(0, 8).equals(MAGIC) || sequence < 0)
    throw storageError("storage.guard-missing", `${path} is damaged`, { file: path });
  return { id, sequence, keyMatches, otherKey };
}

/**
 * Makes a guard, on disk when it returns. It appears whole or not at all.
 *
 * @param replace - put it in the place of one whose database is gone; otherwise one that is there stays as it is
 */
export function createGuard(
  file: string,
  key: Uint8Array,
  from: { readonly id: Uint8Array; readonly sequence: number; readonly replace: boolean } = {
    id: randomBytes(ID_SIZE),
    sequence: 0,
    replace: false,
  },
): void {
  const path = guardFile(file);
  const fresh = `${path}.${randomBytes(6).toString("hex")}`;
  const bytes = Buffer.alloc(SIZE);
  MAGIC.copy(bytes, 0);
  bytes.set(from.id, 8);
  const slot = slotOf(macKey(key), from.id, from.sequence);
  for (const at of SLOT_AT) slot.copy(bytes, at);
  try {
    const fd = openSync(fresh, "wx", 0o600);
    try {
      writeSync(fd, bytes, 0, SIZE, 0);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (from.replace) renameSync(fresh, path);
    else linkSync(fresh, path);
    syncFolderOf(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw nameError(error, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** A guard file held open for writing. */
export class Guard {
  readonly id: Uint8Array;
  readonly #fd: number;
  readonly #path: string;
  #secret: Buffer;
  #written = -1;

  private constructor(path: string, fd: number, id: Uint8Array, key: Uint8Array) {
    this.#path = path;
    this.#fd = fd;
    this.id = id;
    this.#secret = macKey(key);
  }

  /** Opens the guard that `readGuard` found. */
  static open(file: string, key: Uint8Array, state: GuardState): Guard {
    const path = guardFile(file);
    try {
      const guard = new Guard(path, openSync(path, "r+"), state.id, key);
      guard.#written = state.sequence;
      return guard;
    } catch (error) {
      throw nameError(error, path);
    }
  }

  /** Whether the guard stands at this commit. */
  stands(sequence: number): boolean {
    return this.#written === sequence;
  }

  /** Notes that a commit is durable. The two slots take turns: a torn write spoils one of them at most. */
  note(sequence: number): void {
    try {
      writeSync(this.#fd, slotOf(this.#secret, this.id, sequence), 0, SLOT_SIZE, SLOT_AT[sequence % 2 === 0 ? 0 : 1]);
      this.#written = sequence;
      if (sequence % SYNC_EVERY === 0) fdatasyncSync(this.#fd);
    } catch (error) {
      throw nameError(error, this.#path);
    }
  }

  /** Before a change of key: one slot in each key, so that whichever the database ends up with is recognised. */
  admit(sequence: number, newKey: Uint8Array): void {
    this.#writeBoth(sequence, this.#secret, macKey(newKey));
  }

  /** After a change of key: both slots in the key that counts now. */
  settle(sequence: number, key: Uint8Array): void {
    this.#secret = macKey(key);
    this.#writeBoth(sequence, this.#secret, this.#secret);
  }

  #writeBoth(sequence: number, first: Buffer, second: Buffer): void {
    try {
      writeSync(this.#fd, slotOf(first, this.id, sequence), 0, SLOT_SIZE, SLOT_AT[0]);
      writeSync(this.#fd, slotOf(second, this.id, sequence), 0, SLOT_SIZE, SLOT_AT[1]);
      fdatasyncSync(this.#fd);
      this.#written = sequence;
    } catch (error) {
      throw nameError(error, this.#path);
    }
  }

  close(): void {
    this.#secret.fill(0);
    try {
      fdatasyncSync(this.#fd);
    } finally {
      closeSync(this.#fd);
    }
  }
}
