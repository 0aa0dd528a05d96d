import type { EventPage } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { connectionTokenOf } from "../../connection.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * Events of a topic from an offset on, a page at a time.
 *
 * @example
 * ```ts
 * const { items, next } = await readEvents(client, { topic: "acme/things", from: 0, limit: 100 });
 * ```
 */
export async function readEvents(
  client: Client,
  args: { readonly topic: string; readonly from?: number | undefined; readonly limit?: number | undefined },
  options: CallOptions = {},
): Promise<EventPage> {
  return callJson<EventPage>(client, "events", {
    ...options,
    parameters: { group: await groupIdOfClient(client, options.signal) },
    query: { topic: args.topic, from: args.from, limit: args.limit },
    token: await connectionTokenOf(client, options.signal),
  });
}
