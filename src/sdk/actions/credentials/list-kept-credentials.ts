import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { callVcApi, type VcDocument } from "../../vc-api.ts";

/** A page of a holder's credentials. */
export interface KeptCredentialsPage {
  readonly items: readonly { readonly id: string; readonly verifiableCredential: VcDocument }[];
  /** `after` of the page that follows. */
  readonly next?: string;
}

/**
 * Credentials that a node keeps for its holder, twenty-five at a time.
 *
 * @throws HansaError `vc-api.off`, `http.forbidden`
 * @example
 * ```ts
 * const { items, next } = await listKeptCredentials(client);
 * ```
 */
export function listKeptCredentials(
  client: Client,
  after?: string,
  options: CallOptions = {},
): Promise<KeptCredentialsPage> {
  return callVcApi(client, "storedCredentials", undefined, { ...options, query: { after } });
}
