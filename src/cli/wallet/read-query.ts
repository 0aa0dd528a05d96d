import { HansaError, type Json, parseJson } from "#base";
import { cliError } from "../errors.ts";
import type { Shell } from "../shell.ts";

/** A query from a file or standard input, which may also be within a request's `dcql_query`. @throws HansaError `cli.file-malformed` */
export async function readQuery(shell: Shell, file: string): Promise<Json> {
  const text = await shell.readText(file);
  try {
    const value = parseJson(text, { depth: 32, integers: false });
    const inner =
      typeof value === "object" && value !== null ? (value as { readonly dcql_query?: Json }).dcql_query : undefined;
    return inner ?? value;
  } catch (error) {
    if (!(error instanceof HansaError) || !error.code.startsWith("json.")) throw error;
    throw cliError("cli.file-malformed", `${file} is not strict JSON: ${error.message}`, { path: file }, error);
  }
}
