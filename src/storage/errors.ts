import { type ErrorTable, errorsOf } from "#base";

/** Every refusal of this room. */
export const STORAGE_ERRORS = {
  "storage.wrong-key": {
    status: 500,
    meaning: "The key does not open this database.",
    advice: "Give the key with which the file was made or last re-keyed.",
  },
  "storage.corrupt": {
    status: 500,
    meaning: "A page of the file fails its authentication, or part of the file is missing.",
    advice: "Keep the file for inspection, restore the latest backup beside it and let the node sync from its peers.",
  },
  "storage.wal-truncated": {
    status: 500,
    meaning:
      "Commits that were acknowledged are missing: the write-ahead log was cut, damaged or removed, or the file is older than its guard.",
    advice: "Put the missing `-wal` file back if it was left behind; otherwise restore a backup and sync from peers.",
  },
  "storage.guard-missing": {
    status: 500,
    meaning:
      "The `-guard` file beside the database is missing or unreadable, so that lost commits could not be noticed.",
    advice:
      "Put the `-guard` file back, or bring the database in through `restore`, which checks it and makes a new guard.",
  },
  "storage.disk-full": {
    status: 507,
    meaning: "There is no room left on the disk; nothing of this change was kept.",
    advice: "Free some space and try again.",
  },
  "storage.in-use": {
    status: 503,
    meaning: "Another process or another handle has the database open.",
    advice: "Stop the other process: a database has one owner at a time.",
  },
  "storage.newer-schema": {
    status: 500,
    meaning: "The file was written by a newer version of Hansa.",
    advice: "Upgrade Hansa, or restore a backup made by this version.",
  },
  "storage.exists": {
    status: 409,
    meaning: "The target file exists already and is not overwritten.",
    advice: "Name another file, or move the existing one away.",
  },
  "storage.not-found": {
    status: 404,
    meaning: "There is no such file.",
    advice: "Check the path.",
  },
  "storage.not-a-backup": {
    status: 400,
    meaning: "The source is a live database with a write-ahead log or guard of its own, not a backup.",
    advice: "Make a backup of it first, and restore that.",
  },
  "storage.io": {
    status: 500,
    meaning: "The operating system failed to read or write.",
    advice: "Check the disk and the system's log, then start again.",
  },
  "storage.readonly": {
    status: 500,
    meaning: "The database was opened for reading only.",
    advice: "Open it for writing.",
  },
  "storage.closed": {
    status: 503,
    meaning: "The database is closed.",
    advice: "Open it again.",
  },
  "storage.key-size": {
    status: 500,
    meaning: "A data key has 32 bytes.",
    advice: "Take the key from the key store.",
  },
  "storage.out-of-order": {
    status: 500,
    meaning: "Blocks, slots or log entries were not handed in their order.",
    advice: "Commit heights one by one, slots ascending, and new slots without gaps.",
  },
  "storage.not-empty": {
    status: 409,
    meaning: "A snapshot goes into an empty store only.",
    advice: "Restore into a new database.",
  },
  "storage.limit": {
    status: 413,
    meaning: "A value is larger than storage takes.",
    advice: "Split it.",
  },
  "storage.snapshot-damaged": {
    status: 500,
    meaning: "A file of a snapshot fails its authentication, was cut or is missing. The snapshot was removed.",
    advice: "Nothing: the next snapshot takes its place. Look at the disk where it happens again.",
  },
  "storage.misuse": {
    status: 500,
    meaning: "A call was made where it is not allowed, such as a commit inside of another transaction.",
    advice: "Report it: this is a fault of the program.",
  },
  "storage.failed": {
    status: 500,
    meaning: "SQLite refused for a reason that has no name here; the payload has its code.",
    advice: "Report it with the code.",
  },
} as const satisfies ErrorTable;

/** Code of a refusal of this room. */
export type StorageErrorCode = keyof typeof STORAGE_ERRORS;

/** Makes an error of this room. */
export const storageError = errorsOf(STORAGE_ERRORS);

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "";
}

/**
 * Gives an error of SQLite or of the file system its name here; any other error comes back as it is. SQLite's messages
 * name tables and columns, never values or keys.
 */
export function nameError(error: unknown, file: string): unknown {
  const code = codeOf(error);
  const payload = { file, cause: code };
  if (code.startsWith("SQLITE_FULL") || code === "ENOSPC" || code === "EDQUOT")
    return storageError("storage.disk-full", `no room left to write ${file}`, payload, error);
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"))
    return storageError("storage.in-use", `${file} is open elsewhere`, payload, error);
  if (
    code.startsWith("SQLITE_CORRUPT") ||
    code === "SQLITE_NOTADB" ||
    code === "SQLITE_IOERR_CORRUPTFS" ||
    code === "SQLITE_IOERR_DATA" ||
    code === "SQLITE_IOERR_SHORT_READ"
  )
    return storageError("storage.corrupt", `${file} is damaged`, payload, error);
  if (code.startsWith("SQLITE_READONLY") || code === "EROFS")
    return storageError("storage.readonly", `${file} cannot be written`, payload, error);
  if (code === "SQLITE_TOOBIG")
    return storageError("storage.limit", `a value is too large for ${file}`, payload, error);
  if (code === "ENOENT") return storageError("storage.not-found", `${file} does not exist`, payload, error);
  if (code === "EEXIST") return storageError("storage.exists", `${file} exists already`, payload, error);
  if (code.startsWith("SQLITE_IOERR") || code.startsWith("SQLITE_CANTOPEN") || code === "EIO" || code === "EACCES")
    return storageError("storage.io", `${file} could not be read or written (${code})`, payload, error);
  if (code.startsWith("SQLITE_")) return storageError("storage.failed", `${file}: SQLite says ${code}`, payload, error);
  return error;
}
