import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi, type VcDocument } from "../../vc-api.ts";

/**
 * Has a node keep a credential for its holder, once it was verified there.
 *
 * @returns the id by which it is found: its own, or one that the node made
 * @throws HansaError `credentials.*`, `vc-api.*`
 * @example
 * ```ts
 * const id = await keepCredential(client, credential);
 * ```
 */
export async function keepCredential(
  client: Client,
  verifiableCredential: VcDocument,
  options: CallOptions = {},
): Promise<string> {
  return (await callVcApi<{ id: string }>(client, "storeCredential", { verifiableCredential }, options)).id;
}
