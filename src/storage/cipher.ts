/** How a connection to an encrypted file is made: shared by the database, the probe of its log and the check of backups. */
import Sqlite from "better-sqlite3-multiple-ciphers";
import { storageError } from "./errors.ts";

/** A raw connection of the library. */
export type Connection = Sqlite.Database;

/** AEGIS-256: authenticated, with a nonce of 256 bits, and as fast as the processor's AES. ADR 4 says why. */
export const CIPHER = "cipher = 'aegis'";

/** Bytes at the end of a page that the cipher keeps for nonce and tag. */
export const RESERVED_BYTES = 64;

/** Bytes of a page. */
export const PAGE_SIZE = 4096;

/** @throws HansaError `storage.key-size` */
export function checkKey(key: Uint8Array): void {
  if (key.length !== 32)
    throw storageError("storage.key-size", `a data key has 32 bytes, not ${key.length}`, { size: key.length });
}

/** The form in which the library takes a raw key: no passphrase, so no rounds of key derivation. Wipe it after use. */
export function rawKey(key: Uint8Array): Buffer {
  const raw = Buffer.alloc(4 + key.length);
  raw.write("raw:", 0, "latin1");
  raw.set(key, 4);
  return raw;
}

/** Opens a connection with its key set. Nothing of the file is read yet, so a wrong key does not show here. */
export function connect(file: string, key: Uint8Array, options: { readonly?: boolean } = {}): Connection {
  const connection = new Sqlite(file, { timeout: 0, readonly: options.readonly ?? false });
  try {
    connection.pragma(CIPHER);
    // Through the call and not a PRAGMA: the key never becomes part of an SQL text.
    const raw = rawKey(key);
    connection.key(raw);
    raw.fill(0);
    // Temporary tables and sorters stay in memory: the cipher does not cover temporary files.
    connection.pragma("temp_store = MEMORY");
    connection.pragma("trusted_schema = OFF");
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
