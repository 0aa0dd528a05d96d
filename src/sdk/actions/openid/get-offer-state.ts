import type { OfferState } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi } from "../../vc-api.ts";

/**
 * What became of an offer of a node.
 *
 * @param id - as `offerCredential` answered it
 * @throws HansaError `openid.unknown`, `openid.off`, `http.forbidden`
 * @example
 * ```ts
 * const { state } = await getOfferState(client, offer.id);
 * ```
 */
export function getOfferState(client: Client, id: string, options: CallOptions = {}): Promise<OfferState> {
  return callVcApi(client, "credentialOfferState", undefined, { ...options, parameters: { id } });
}
