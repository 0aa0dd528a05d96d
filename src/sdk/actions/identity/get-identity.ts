import type { Did } from "#protocol";
import type { ResolvedDid } from "../../answers.ts";
import type { Client } from "../../client.ts";
import type { CallOptions } from "../../request.ts";
import { query } from "../ledger/query.ts";

/** Which of a DID's versions is wanted; the newest where nothing is said. */
export interface IdentityVersion {
  readonly height?: number;
  /** Milliseconds since 1970. */
  readonly time?: number;
  readonly version?: number;
}

/**
 * A `did:hansa` as the client's group keeps it: its record with the DID document, as it is or as it was. `resolveDid` asks for the document
 * alone, of any method, as the W3C's standard has it.
 *
 * @throws HansaError `query.not-found`
 * @example
 * ```ts
 * const { keys, deactivated } = await getIdentity(client, did);
 * const before = await getIdentity(client, did, { version: 1 });
 * ```
 */
export function getIdentity(
  client: Client,
  did: Did,
  version: IdentityVersion = {},
  options: CallOptions = {},
): Promise<ResolvedDid> {
  return query(client, "identity.resolve", { did, ...version }, options);
}
