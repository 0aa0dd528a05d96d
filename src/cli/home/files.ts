import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { encodeHex, HansaError, type Json, parseJson } from "#base";
import { randomBytes } from "#crypto";
import { cliError } from "../errors.ts";

/** Most bytes of a file that a command reads whole: a long trail with its proofs is the largest. */
const MOST_BYTES = 256 * 1024 * 1024;

/** @throws HansaError `cli.file-missing`, `cli.file-too-large` */
export function readBytes(path: string, limit = MOST_BYTES): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > limit)
      throw cliError("cli.file-too-large", `${path} is larger than ${limit} bytes`, { path, size, limit });
    return readFileSync(path);
  } catch (error) {
    if (error instanceof HansaError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : code;
    throw cliError("cli.file-missing", `${path} cannot be read: ${why}`, { path }, error);
  }
}

/** @throws HansaError `cli.file-missing`, `cli.file-malformed` */
export function readJsonFile(path: string): Json {
  return parseJsonOf(path, readBytes(path));
}

/** What a file holds, or standard input. @throws HansaError `cli.file-malformed` */
export function parseJsonOf(path: string, content: string | Uint8Array, depth = 64): Json {
  try {
    return parseJson(content, { depth, integers: false });
  } catch (error) {
    if (!(error instanceof HansaError) || !error.code.startsWith("json.")) throw error;
    throw cliError("cli.file-malformed", `${path} is not strict JSON: ${error.message}`, { path }, error);
  }
}

/**
 * Before what cannot be had twice: whether its file can be written at all.
 *
 * @throws HansaError `cli.file-exists`
 */
export function requireNoFile(path: string): void {
  if (existsSync(path)) throw cliError("cli.file-exists", `${path} exists already`, { path });
}

/** Writes a new file, and never over another. `mode` in octal; secrets do not go through here. */
export function writeNewFile(path: string, text: string | Uint8Array, mode = 0o644): void {
  try {
    mkdirSync(dirname(resolve(path)), { recursive: true });
    writeFileSync(path, text, { flag: "wx", mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw cliError("cli.file-exists", `${path} exists already`, { path }, error);
    throw cliError("cli.file-unwritable", `${path} cannot be written: ${(error as Error).message}`, { path }, error);
  }
}

/** Puts a file in another's place in one step: a reader sees the old one or the new one. */
export function replaceFile(path: string, text: string, mode = 0o644): void {
  const fresh = `${path}.${encodeHex(randomBytes(4))}`;
  try {
    writeFileSync(fresh, text, { flag: "wx", mode });
    renameSync(fresh, path);
  } catch (error) {
    throw cliError("cli.file-unwritable", `${path} cannot be written: ${(error as Error).message}`, { path }, error);
  }
}
