/** Credentials and presentations in files. Loads nothing that verifies: each command loads that for itself, since it is much. */
import type { JsonObject } from "#base";
import { cliError } from "../errors.ts";
import { parseJsonOf, readJsonFile, writeNewFile } from "../home/files.ts";
import type { Shell } from "../shell.ts";

/** Cryptosuites that the command line offers. */
export const SUITES = [
  "eddsa-rdfc-2022",
  "eddsa-jcs-2022",
  "ecdsa-rdfc-2019",
  "ecdsa-jcs-2019",
  "ecdsa-sd-2023",
] as const;
export type SuiteName = (typeof SUITES)[number];

/** A credential or presentation in a file, or on standard input for `-`. @throws HansaError `cli.file-malformed` */
export async function readDocument(shell: Shell, file: string): Promise<JsonObject> {
  const value = file === "-" ? parseJsonOf(file, await shell.readText(file)) : readJsonFile(shell.path(file));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw cliError("cli.file-malformed", `${file} holds no JSON object`, { path: file });
  return value as JsonObject;
}

/** Hands a document out: into a new file, or printed. */
export function handOutDocument(shell: Shell, document: JsonObject, out: string | undefined, said: string) {
  const text = JSON.stringify(document, null, 2);
  if (out === undefined || out === "-") return { json: document, text };
  writeNewFile(shell.path(out), `${text}\n`);
  return { json: document, text: `${out}: ${said}` };
}
