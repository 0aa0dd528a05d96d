import type { Client } from "../../client.ts";
import { type CallOptions, callJson } from "../../request.ts";
import type { VcDocument } from "../../vc-api.ts";

/**
 * A status list that the node publishes, as a credential (Bitstring Status List). It is not verified here.
 *
 * @param list - last part of its address
 * @throws HansaError `vc-api.not-found`
 * @example
 * ```ts
 * const list = await getStatusList(client, "QmO7nXw4kq3R5g9b2Zt1c");
 * ```
 */
export function getStatusList(client: Client, list: string, options: CallOptions = {}): Promise<VcDocument> {
  return callJson(client, "statusList", { ...options, parameters: { id: list } });
}
