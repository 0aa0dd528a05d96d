import type { RunPage } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * Why did this happen: runs of a linkage, newest first, with their commands and receipts.
 *
 * @example
 * ```ts
 * const { items } = await listRuns(client, { linkage, limit: 10 });
 * ```
 */
export async function listRuns(
  client: Client,
  args: { readonly linkage: string; readonly limit?: number | undefined },
  options: CallOptions = {},
): Promise<RunPage> {
  const group = await groupIdOfClient(client, options.signal);
  const query = { linkage: args.linkage, limit: args.limit };
  return callJson<RunPage>(client, "commands", { ...options, parameters: { group }, query });
}
