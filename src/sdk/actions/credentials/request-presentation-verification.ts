import type { VerificationAnswer, VerifyOptions } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi, type VcDocument } from "../../vc-api.ts";

/**
 * Has a node verify a presentation, for this challenge and domain, and every credential in it (VC API). A challenge that the node made is used
 * up by it. What does not hold is thrown.
 *
 * @throws HansaError `credentials.*`, `vc-api.*`, `http.forbidden`
 * @example
 * ```ts
 * await requestPresentationVerification(client, presentation, { challenge, domain });
 * ```
 */
export function requestPresentationVerification(
  client: Client,
  verifiablePresentation: VcDocument | string,
  wanted: VerifyOptions = {},
  options: CallOptions = {},
): Promise<VerificationAnswer> {
  return callVcApi(client, "verifyPresentation", { verifiablePresentation, options: wanted }, options);
}
