import type { Page, QueryArgs, QueryName } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { type QueryAnswer, type QueryAnswers, query } from "./query.ts";

/** Queries that answer a list. */
export type ListName = {
  [Name in QueryName]: QueryAnswers[Name] extends Page<unknown> ? Name : never;
}[QueryName];

/** What the list of a query holds. */
export type ListItem<Name extends ListName> = QueryAnswer<Name> extends Page<infer Item> ? Item : never;

/**
 * All items of a list, page after page as they are taken.
 *
 * @example
 * ```ts
 * for await (const device of listAll(client, "devices.list", {})) console.log(device.device, device.status);
 * ```
 */
export async function* listAll<Name extends ListName>(
  client: Client,
  name: Name,
  args: Omit<QueryArgs<Name>, "after">,
  options: CallOptions = {},
): AsyncGenerator<ListItem<Name>, void, undefined> {
  let after: string | undefined;
  do {
    const asked = (after === undefined ? args : { ...args, after }) as QueryArgs<Name>;
    const page = (await query(client, name, asked, options)) as Page<ListItem<Name>>;
    yield* page.items;
    // A node that answers the same place again would keep us here for ever.
    if (page.next === after) return;
    after = page.next;
  } while (after !== undefined);
}
