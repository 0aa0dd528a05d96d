import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi, type VcDocument } from "../../vc-api.ts";

/**
 * One credential that a node keeps for its holder.
 *
 * @throws HansaError `vc-api.not-found`
 * @example
 * ```ts
 * const credential = await getKeptCredential(client, "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33");
 * ```
 */
export async function getKeptCredential(client: Client, id: string, options: CallOptions = {}): Promise<VcDocument> {
  const input = { ...options, parameters: { id } };
  return (await callVcApi<{ verifiableCredential: VcDocument }>(client, "storedCredential", undefined, input))
    .verifiableCredential;
}
