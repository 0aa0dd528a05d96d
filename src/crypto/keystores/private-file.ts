/** Files that only their owner may read, written so that a crash leaves the old one or the new one, whole. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { encodeHex, equalBytes, isHansaError } from "#base";
import { randomBytes } from "#crypto/backend";
import { cryptoError } from "../errors.ts";

/** Room for the most keys with the longest names, twice over. */
export const MAX_FILE_LENGTH = 4 * 2 ** 20;

const OTHERS = 0o077;

/** Whether anything stands at a path. */
export function privateFileExists(path: string): boolean {
  return existsSync(path);
}

/**
 * The bytes of a file that only its owner may read.
 *
 * @throws HansaError `crypto.keystore-missing`, `crypto.keystore-permissions`, `crypto.keystore-damaged`,
 *   `crypto.keystore-io`
 */
export function readPrivateFile(path: string): Uint8Array {
  try {
    // Without O_NONBLOCK, a named pipe at this path would hang the process.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = fstatSync(file);
      if (!stat.isFile() || stat.size > MAX_FILE_LENGTH)
        throw cryptoError("crypto.keystore-damaged", `${path} is not a key file`, { path });
      // Windows has no such bits: there the folder's access list has to do it.
      if (process.platform !== "win32" && (stat.mode & OTHERS) !== 0)
        throw cryptoError("crypto.keystore-permissions", `${path} is open to others than its owner`, { path });
      const bytes = new Uint8Array(stat.size);
      let at = 0;
      while (at < bytes.length) {
        const read = readSync(file, bytes, at, bytes.length - at, at);
        if (read === 0) break;
        at += read;
      }
      return bytes.subarray(0, at);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw named(path, error);
  }
}

/**
 * Makes a file, durable, that must not exist yet.
 *
 * @throws HansaError `crypto.keystore-exists`, `crypto.keystore-io`
 */
export function createPrivateFile(path: string, bytes: Uint8Array): void {
  // A link, and not a rename, fails where the name is taken.
  place(path, bytes, (temporary) => {
    linkSync(temporary, path);
    unlinkSync(temporary);
  });
}

/**
 * Puts new bytes in a file's place, durable, provided that it still starts with what it did.
 *
 * @param start - the first bytes as last read or written
 * @throws HansaError `crypto.keystore-conflict`, `crypto.keystore-io`
 */
export function replacePrivateFile(path: string, bytes: Uint8Array, start: Uint8Array): void {
  let present: Uint8Array;
  try {
    present = readPrivateFile(path).subarray(0, start.length);
  } catch (error) {
    if (!isHansaError(error, "crypto.keystore-missing")) throw error;
    present = new Uint8Array(0);
  }
  if (!equalBytes(present, start))
    throw cryptoError("crypto.keystore-conflict", `${path} was changed by somebody else`, { path });
  place(path, bytes, (temporary) => renameSync(temporary, path));
}

/** Order: the bytes are on disk before the name points to them, and the name is on disk before anybody is told. */
function place(path: string, bytes: Uint8Array, move: (temporary: string) => void): void {
  const temporary = `${path}.${encodeHex(randomBytes(8))}.tmp`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    move(temporary);
    if (process.platform !== "win32") {
      const folder = openSync(dirname(path), "r");
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    }
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {}
    throw named(path, error);
  }
}

function named(path: string, error: unknown): unknown {
  if (isHansaError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT")
    return cryptoError("crypto.keystore-missing", `there is no file or folder for ${path}`, { path });
  if (code === "EEXIST") return cryptoError("crypto.keystore-exists", `${path} exists already`, { path });
  return cryptoError("crypto.keystore-io", `${path} cannot be read or written`, { path, code }, error);
}
