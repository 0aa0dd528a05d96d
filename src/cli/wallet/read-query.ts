import type { Json } from "#base";
import { parseJsonOf } from "../home/files.ts";
import type { Shell } from "../shell.ts";

/** A query from a file or standard input, which may also be within a request's `dcql_query`. @throws HansaError `cli.file-malformed` */
export async function readQuery(shell: Shell, file: string): Promise<Json> {
  const value = parseJsonOf(file, await shell.readText(file), 32);
  const inner =
    typeof value === "object" && value !== null ? (value as { readonly dcql_query?: Json }).dcql_query : undefined;
  return inner ?? value;
}
