import type { IssueRequest } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi, type VcDocument } from "../../vc-api.ts";

/** How a node is to issue a credential. */
export type RequestCredentialOptions = NonNullable<IssueRequest["options"]>;

/**
 * Has a node issue a credential under one of its issuers (VC API).
 *
 * @param wanted - cryptosuite or format, place in a status list, …; what is left out is as the node's configuration has it
 * @returns the credential with its proof, or an `EnvelopedVerifiableCredential`
 * @throws HansaError `vc-api.*`, `credentials.*`, `http.forbidden`
 * @example
 * ```ts
 * const credential = await requestCredential(client, { "@context": [...], type: [...], credentialSubject }, { issuer: "labels" });
 * ```
 */
export async function requestCredential(
  client: Client,
  credential: VcDocument,
  wanted: RequestCredentialOptions = {},
  options: CallOptions = {},
): Promise<VcDocument> {
  const body = { credential, options: wanted };
  const answer = await callVcApi<{ verifiableCredential: VcDocument }>(client, "issueCredential", body, options);
  return answer.verifiableCredential;
}
