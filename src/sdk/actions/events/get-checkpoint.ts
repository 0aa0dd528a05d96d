import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callText } from "../../request.ts";

/**
 * Newest signed checkpoint of a topic, a C2SP note; `openCheckpoint` checks it.
 *
 * @example
 * ```ts
 * const note = await getCheckpoint(client, "acme/things");
 * ```
 */
export async function getCheckpoint(client: Client, topic: string, options: CallOptions = {}): Promise<string> {
  const group = await groupIdOfClient(client, options.signal);
  return callText(client, "checkpoint", { ...options, parameters: { group }, query: { topic } });
}
