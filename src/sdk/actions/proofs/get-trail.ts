import type { TrailPage } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * What happened to a device, member, linkage or topic, oldest first, a page at a time.
 *
 * @param args.about - DID, linkage id or topic name
 * @example
 * ```ts
 * const { items } = await getTrail(client, { about: device });
 * for (const step of items) console.log(step.height, step.facts.map((fact) => fact.fact));
 * ```
 */
export async function getTrail(
  client: Client,
  args: { readonly about: string; readonly after?: string | undefined; readonly limit?: number | undefined },
  options: CallOptions = {},
): Promise<TrailPage> {
  const group = await groupIdOfClient(client, options.signal);
  const query = { about: args.about, after: args.after, limit: args.limit };
  return callJson<TrailPage>(client, "trail", { ...options, parameters: { group }, query });
}
