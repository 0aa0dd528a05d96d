import type { NodeStatus } from "./answers.ts";
import type { Client } from "./client.ts";
import { sdkError } from "./errors.ts";
import { callJson } from "./request.ts";

/** `<alliance>:<name>:<hash of genesis>` */
const GROUP_ID = /^[a-z0-9-]+:[a-z0-9-]+:[1-9A-HJ-NP-Za-km-z]{20,28}$/;

/** Whether a text is the whole id of a group, not its name alone. */
export function isGroupId(text: string): boolean {
  return GROUP_ID.test(text);
}

/**
 * Id of the client's group. A name, or no group at all, is looked up once in the node's status.
 *
 * A looked-up id is the node's word: whoever does not trust the node gives the whole id, which holds the hash of the genesis.
 *
 * @throws HansaError `sdk.no-group`
 */
export async function groupIdOfClient(client: Client, signal?: AbortSignal): Promise<string> {
  const { group, memory } = client;
  if (group !== undefined && isGroupId(group)) return group;
  if (memory.groupId !== undefined) return memory.groupId;
  const { groups } = await callJson<NodeStatus>(client, "status", { signal });
  const fitting = group === undefined ? groups : groups.filter(({ id, name }) => id === group || name === group);
  const only = fitting[0];
  if (only === undefined || fitting.length > 1)
    throw sdkError("sdk.no-group", group === undefined ? "no group is named" : `the node serves no group ${group}`, {
      ...(group === undefined ? {} : { group }),
      groups: groups.map(({ id }) => id),
    });
  memory.groupId = only.id;
  return only.id;
}
