import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi } from "../../vc-api.ts";

/**
 * Erases a credential that a node keeps for its holder.
 *
 * @throws HansaError `vc-api.not-found`
 * @example
 * ```ts
 * await dropKeptCredential(client, id);
 * ```
 */
export async function dropKeptCredential(client: Client, id: string, options: CallOptions = {}): Promise<void> {
  await callVcApi(client, "dropCredential", undefined, { ...options, parameters: { id } });
}
