import type { NodeStatus } from "../answers.ts";
import type { Client } from "../client.ts";
import { type CallOptions, callJson } from "../request.ts";

/**
 * The node, its member and its groups.
 *
 * @throws HansaError `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * const { version, groups } = await getStatus(client);
 * ```
 */
export function getStatus(client: Client, options: CallOptions = {}): Promise<NodeStatus> {
  return callJson<NodeStatus>(client, "status", options);
}
