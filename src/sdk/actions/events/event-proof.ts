import type { EventProof } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { connectionTokenOf } from "../../connection.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * Inclusion of one event in the topic's newest checkpoint, with the signed note.
 *
 * @example
 * ```ts
 * const { path, checkpoint } = await eventProof(client, { topic: "acme/things", offset: 41 });
 * ```
 */
export async function eventProof(
  client: Client,
  args: { readonly topic: string; readonly offset: number },
  options: CallOptions = {},
): Promise<EventProof> {
  return callJson<EventProof>(client, "eventProof", {
    ...options,
    parameters: { group: await groupIdOfClient(client, options.signal) },
    query: { topic: args.topic, offset: args.offset },
    token: await connectionTokenOf(client, options.signal),
  });
}
