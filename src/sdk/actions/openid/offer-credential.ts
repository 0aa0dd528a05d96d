import type { CredentialOffer, OfferRequest } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi } from "../../vc-api.ts";

/**
 * Has a node offer a credential to whoever has the code in the offer (OpenID4VCI 1.0).
 *
 * @param offer - name of one of the node's credential configurations, and what is said of the holder
 * @returns with `uri` for a QR code; a transaction code is told the holder by another way
 * @throws HansaError `openid.off`, `openid.configuration`, `openid.claims`, `openid.busy`, `http.forbidden`
 * @example
 * ```ts
 * const { uri, txCode } = await offerCredential(client, { configuration: "resident", claims: { name: "Alice Adler" }, txCode: "numeric" });
 * ```
 */
export function offerCredential(
  client: Client,
  offer: OfferRequest,
  options: CallOptions = {},
): Promise<CredentialOffer> {
  return callVcApi(client, "offerCredential", offer, options);
}
