import type { VerificationAnswer, VerifyOptions } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi, type VcDocument } from "../../vc-api.ts";

/**
 * Has a node verify a credential with all that it rests on (VC API). What does not hold is thrown.
 *
 * @throws HansaError `credentials.*`, `vc-api.*`, `http.forbidden`
 * @example
 * ```ts
 * await requestVerification(client, credential, { recognised: true, group: "main" });
 * ```
 */
export function requestVerification(
  client: Client,
  verifiableCredential: VcDocument | string,
  wanted: VerifyOptions = {},
  options: CallOptions = {},
): Promise<VerificationAnswer> {
  return callVcApi(client, "verifyCredential", { verifiableCredential, options: wanted }, options);
}
