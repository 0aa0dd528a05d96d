/** Lists and single records, as several commands show them. */

import type { QueryArgs } from "#protocol";
import type { ListItem, ListName } from "#sdk";
import { listAll } from "#sdk";
import type { Answer } from "./command.ts";
import { parseCount } from "./parse.ts";
import type { Shell } from "./shell.ts";

/** Options of every list. */
export interface ListOptions {
  readonly limit: number;
  readonly after?: string;
}

export const LIST_OPTIONS = [
  { flags: "--limit <count>", description: "how many at most", parse: parseCount, default: 1000 },
];

/** Collects a list up to the limit and shows it as a table. */
export async function showList<Name extends ListName>(
  shell: Shell,
  name: Name,
  args: Omit<QueryArgs<Name>, "after">,
  limit: number,
  headings: readonly string[],
  row: (item: ListItem<Name>) => readonly string[],
): Promise<Answer> {
  const items: ListItem<Name>[] = [];
  let more = false;
  for await (const item of listAll(shell.client, name, args, { signal: shell.io.signal })) {
    if (items.length === limit) {
      more = true;
      break;
    }
    items.push(item);
  }
  const table = shell.table(headings, items.map(row));
  const rest = more ? `\n${shell.paint("dim", `the first ${limit}; more with --limit`)}` : "";
  return { json: { items, more }, text: table + rest };
}
