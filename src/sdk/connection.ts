import { CONNECTION_TOKEN_SECONDS, signConnectionToken } from "#protocol";
import type { Client, Party } from "./client.ts";
import { sdkError } from "./errors.ts";
import { groupIdOfClient } from "./group.ts";

/** Life of the tokens that the client makes for itself, seconds. */
const OWN_TOKEN_SECONDS = 600;

/**
 * A token with which a DID opens a connection: MQTT password, HTTP bearer.
 *
 * @param options.seconds - its life, at most 3600 (600)
 * @param options.signer - in place of the client's
 * @throws HansaError `sdk.no-signer`, `sdk.no-group`
 * @example
 * ```ts
 * const password = await createConnectionToken(client, { seconds: 3600 });
 * mqtt.connect("mqtt://127.0.0.1:1883", { username: did, password });
 * ```
 */
export async function createConnectionToken(
  client: Client,
  options: {
    readonly seconds?: number | undefined;
    readonly signer?: Party | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<string> {
  const party = options.signer ?? client.signer;
  if (party === undefined) throw sdkError("sdk.no-signer", "a connection token needs a signer");
  const group = await groupIdOfClient(client, options.signal);
  const seconds = Math.min(options.seconds ?? OWN_TOKEN_SECONDS, CONNECTION_TOKEN_SECONDS);
  return signConnectionToken(party.did, group, party.kid, party.signer, client.now(), seconds);
}

/** The client's own token, signed anew a minute before it would run out. */
export async function connectionTokenOf(client: Client, signal?: AbortSignal): Promise<string> {
  const known = client.memory.token;
  if (known !== undefined && client.now() < known.until - 60_000) return known.text;
  const until = client.now() + OWN_TOKEN_SECONDS * 1000;
  const text = await createConnectionToken(client, { signal });
  client.memory.token = { text, until };
  return text;
}
