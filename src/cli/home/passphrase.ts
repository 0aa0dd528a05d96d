import { decodeUtf8 } from "#base";
import { cliError } from "../errors.ts";
import type { Io } from "../io.ts";
import { readBytes } from "./files.ts";

/**
 * The passphrase of a home's key file: from the environment, from a file, or asked for. Never from the arguments, which every user of the
 * machine can read.
 *
 * @param confirm - asks twice, for a new key file
 * @throws HansaError `cli.passphrase-missing`, `cli.passphrase-mismatch`, `cli.file-missing`
 */
export async function findPassphrase(io: Io, file: string | undefined, confirm: boolean): Promise<string> {
  if (file !== undefined) {
    const text = decodeUtf8(readBytes(file, 4096));
    if (text === undefined) throw cliError("cli.file-malformed", `${file} is not UTF-8 text`, { path: file });
    return text.replace(/\r?\n$/, "");
  }
  const given = io.env["HANSA_PASSPHRASE"];
  if (given !== undefined && given !== "") return given;
  const typed = await io.askSecret(confirm ? "New passphrase: " : "Passphrase: ");
  if (typed === undefined || typed === "")
    throw cliError("cli.passphrase-missing", "the key file's passphrase is not known");
  if (confirm && (await io.askSecret("Once more: ")) !== typed)
    throw cliError("cli.passphrase-mismatch", "the two passphrases differ");
  return typed;
}
