import type { RecordProof } from "#protocol";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * A proof file of one record's presence or absence as of the newest block. It is not checked here: give it to `verifyProofFile`.
 *
 * @example
 * ```ts
 * const proof = await getProof(client, { key });
 * const { records } = verifyProofFile(proof, { trust: groupId });
 * ```
 */
export async function getProof(
  client: Client,
  args: { readonly key: string },
  options: CallOptions = {},
): Promise<RecordProof> {
  const group = await groupIdOfClient(client, options.signal);
  const query = { key: args.key, proof: "1" };
  return callJson<RecordProof>(client, "record", { ...options, parameters: { group }, query });
}
