import type { GroupInfo } from "../answers.ts";
import type { Client } from "../client.ts";
import { groupIdOfClient } from "../group.ts";
import { type CallOptions, callJson } from "../request.ts";

/**
 * Genesis, parameters and newest header of the client's group.
 *
 * @example
 * ```ts
 * const { parameters } = await getGroup(client);
 * console.log(`transactions may live ${parameters.windowSeconds} s`);
 * ```
 */
export async function getGroup(client: Client, options: CallOptions = {}): Promise<GroupInfo> {
  const group = await groupIdOfClient(client, options.signal);
  return callJson<GroupInfo>(client, "group", { ...options, parameters: { group } });
}
