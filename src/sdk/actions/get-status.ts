import { isHansaError } from "#base";
import type { NodeStatus } from "../answers.ts";
import type { Client } from "../client.ts";
import { type CallOptions, callJson } from "../request.ts";

/**
 * The node, its member and its groups. Groups that keep reading to their parties tell more than id and name only where the client's signer
 * is one of them.
 *
 * @throws HansaError `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * const { version, groups } = await getStatus(client);
 * ```
 */
export async function getStatus(client: Client, options: CallOptions = {}): Promise<NodeStatus> {
  const status = await callJson<NodeStatus>(client, "status", options);
  const party = client.signer;
  if (party === undefined) return status;
  let latest = status;
  // A key speaks for itself in every group where it is known: asked again only while a group is hidden that was not named yet.
  const hidden = () => latest.groups?.filter(({ reads, height }) => reads === "parties" && height === undefined) ?? [];
  for (const { id } of hidden()) {
    if (!hidden().some((group) => group.id === id)) continue;
    try {
      latest = await callJson<NodeStatus>(client, "status", { ...options, signedFor: { group: id, party } });
    } catch (error) {
      if (!isHansaError(error, "http.unauthenticated")) throw error;
    }
  }
  return latest;
}
