import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi, type VcDocument } from "../../vc-api.ts";

/**
 * Has a node derive from a credential one that discloses what is chosen, and what its issuer made mandatory (VC API, ecdsa-sd-2023).
 *
 * @param selectivePointers - JSON pointers into the credential
 * @throws HansaError `credentials.*`, `vc-api.*`
 * @example
 * ```ts
 * const shown = await requestDerivation(client, credential, ["/credentialSubject/energyClass"]);
 * ```
 */
export async function requestDerivation(
  client: Client,
  verifiableCredential: VcDocument,
  selectivePointers: readonly string[],
  options: CallOptions = {},
): Promise<VcDocument> {
  const body = { verifiableCredential, options: { selectivePointers } };
  const answer = await callVcApi<{ verifiableCredential: VcDocument }>(client, "deriveCredential", body, options);
  return answer.verifiableCredential;
}
