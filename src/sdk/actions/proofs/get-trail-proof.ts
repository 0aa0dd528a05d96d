import type { TrailProof } from "#protocol";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * A trail as a proof file. It is not checked here: give it to `verifyProofFile`.
 *
 * @example
 * ```ts
 * const proof = await getTrailProof(client, { about: device });
 * await writeFile("trail.json", encodeProof(proof));
 * ```
 */
export async function getTrailProof(
  client: Client,
  args: { readonly about: string },
  options: CallOptions = {},
): Promise<TrailProof> {
  const group = await groupIdOfClient(client, options.signal);
  const query = { about: args.about, proof: "1" };
  return callJson<TrailProof>(client, "trail", { ...options, parameters: { group }, query });
}
