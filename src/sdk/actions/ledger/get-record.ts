import type { StateRecord } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * One record of state by its key; `value` is `null` where there is none.
 *
 * @param args.height - as of the end of this block; now, where left out
 * @example
 * ```ts
 * const { value } = await getRecord(client, { key });
 * ```
 */
export async function getRecord(
  client: Client,
  args: { readonly key: string; readonly height?: number | undefined },
  options: CallOptions = {},
): Promise<StateRecord> {
  const group = await groupIdOfClient(client, options.signal);
  const query = { key: args.key, height: args.height };
  return callJson<StateRecord>(client, "record", { ...options, parameters: { group }, query });
}
