import type { PresentationQuestion, PresentationRequest } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi } from "../../vc-api.ts";

/**
 * Has a node ask for presentations with a DCQL query (OpenID4VP 1.0).
 *
 * @returns with `uri` for a QR code
 * @throws HansaError `openid.off`, `openid.query`, `openid.busy`, `http.forbidden`, `http.unknown-group`
 * @example
 * ```ts
 * const { id, uri } = await askPresentation(client, { query, recognised: true });
 * ```
 */
export function askPresentation(
  client: Client,
  question: PresentationQuestion,
  options: CallOptions = {},
): Promise<PresentationRequest> {
  return callVcApi(client, "requestPresentation", question, options);
}
