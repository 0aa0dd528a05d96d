import type { StatusChange, UpdateStatusRequest } from "#protocol";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi } from "../../vc-api.ts";

/**
 * Has a node revoke a credential that it issued, suspend it or lift the suspension (VC API).
 *
 * @param change - the credential's id, or list and index of its `credentialStatus`; `status` true: revoked or suspended
 * @throws HansaError `vc-api.not-found`, `vc-api.irrevocable`, `http.forbidden`
 * @example
 * ```ts
 * await requestStatusChange(client, { credentialId: credential.id, credentialStatus: { type: "BitstringStatusListEntry", statusPurpose: "revocation" }, status: true });
 * ```
 */
export function requestStatusChange(
  client: Client,
  change: UpdateStatusRequest,
  options: CallOptions = {},
): Promise<StatusChange> {
  return callVcApi(client, "updateCredentialStatus", change, options);
}
