import type { Did } from "#protocol";
import type { ResolvedDid } from "../../answers.ts";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { query } from "../ledger/query.ts";

/** Which of a DID's versions is wanted; the newest where nothing is said. */
export interface DidVersion {
  readonly height?: number;
  /** Milliseconds since 1970. */
  readonly time?: number;
  readonly version?: number;
}

/**
 * A DID with its document, as it is or as it was.
 *
 * @throws HansaError `query.not-found`
 * @example
 * ```ts
 * const { keys, deactivated } = await resolveDid(client, did);
 * const before = await resolveDid(client, did, { version: 1 });
 * ```
 */
export function resolveDid(
  client: Client,
  did: Did,
  version: DidVersion = {},
  options: CallOptions = {},
): Promise<ResolvedDid> {
  return query(client, "identity.resolve", { did, ...version }, options);
}
