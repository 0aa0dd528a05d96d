import type { IssuedChallenge } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi } from "../../vc-api.ts";

/**
 * Has a node make a challenge for one presentation to one domain (VC API).
 *
 * @param domain - the node's own host where left out
 * @throws HansaError `vc-api.off`, `http.forbidden`
 * @example
 * ```ts
 * const { challenge, domain } = await requestChallenge(client, "shop.example");
 * ```
 */
export function requestChallenge(client: Client, domain?: string, options: CallOptions = {}): Promise<IssuedChallenge> {
  return callVcApi(client, "createChallenge", domain === undefined ? {} : { domain }, options);
}
