import type { HeaderPage } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * Signed headers of blocks, ascending.
 *
 * @param args.from - first height (1); `args.limit` - how many, at most 100
 * @example
 * ```ts
 * const { items } = await getBlocks(client, { from: 10, limit: 5 });
 * for (const { header } of items) console.log(header.height, header.state);
 * ```
 */
export async function getBlocks(
  client: Client,
  args: { readonly from?: number | undefined; readonly limit?: number | undefined } = {},
  options: CallOptions = {},
): Promise<HeaderPage> {
  const group = await groupIdOfClient(client, options.signal);
  const query = { from: args.from, limit: args.limit };
  return callJson<HeaderPage>(client, "blocks", { ...options, parameters: { group }, query });
}
