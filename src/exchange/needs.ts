/** What this room wants of others, as narrow as it goes. The node hands them in. */
import type { PublicKey } from "#crypto";
import type { Did, GrantLapse, GrantRecord } from "#protocol";

/** The provider's own replica: always the newest block. */
export interface ExchangeLedger {
  /** Id of the group. */
  readonly group: string;
  /** A grant with all links above it, the grant first and the owner's own last; or why it does not stand now. */
  grant(id: string): { readonly chain: readonly GrantRecord[] } | { readonly lapse: GrantLapse };
  /** Authentication key of a DID URL, where its subject lives and is in good standing in the group. */
  keyOf(kid: string): PublicKey | undefined;
  /** Who owned a device at a time, milliseconds; `undefined` where it is no device, was nobody's, or the ledger no longer says. */
  ownerAt(device: Did, time: number): Did | undefined;
  isDevice(did: Did): boolean;
  /** The member that operates a topic. */
  operatorOf(topic: string): Did | undefined;
  /** Time of the last block, milliseconds. */
  blockTime(): number;
}

/**
 * Runs reads and changes of a `DurableMap` within the next transaction of its database; resolves once that is durable. Many share one `fsync`;
 * each sees what those before it wrote.
 *
 * @param run - synchronous, and must not throw
 */
export type Durably = (run: () => void) => Promise<void>;
