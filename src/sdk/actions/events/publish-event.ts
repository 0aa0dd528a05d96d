import { canonicalJson, encodeUtf8, type Json } from "#base";
import type { Client } from "../../client.ts";
import { connectionTokenOf } from "../../connection.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/** What is published: bytes go as they are, anything else as JSON. */
export interface PublishArgs {
  readonly topic: string;
  /** Below the topic. */
  readonly path?: string | undefined;
  readonly data: Json | Uint8Array;
  /** `application/cloudevents+json` where `data` is a whole CloudEvent. */
  readonly type?: "application/json" | "application/cloudevents+json" | "application/octet-stream" | undefined;
}

/**
 * Publishes one event; answers once it is durable. It is not repeated after a broken connection: the event may be in the log.
 *
 * @returns its offset in the topic's log
 * @throws HansaError `sdk.no-signer`; the node's own where the right is missing
 * @example
 * ```ts
 * const { offset } = await publishEvent(client, { topic: "acme/notes", data: { text: "door open" } });
 * ```
 */
export async function publishEvent(
  client: Client,
  args: PublishArgs,
  options: CallOptions = {},
): Promise<{ readonly offset: number }> {
  const { topic, path, data } = args;
  const raw = data instanceof Uint8Array;
  const content = raw ? data : encodeUtf8(canonicalJson(data));
  return callJson(client, "publish", {
    ...options,
    parameters: { group: await groupIdOfClient(client, options.signal) },
    query: { topic, path },
    token: await connectionTokenOf(client, options.signal),
    body: { type: args.type ?? (raw ? "application/octet-stream" : "application/json"), content },
  });
}
