import type { IdentityRecord } from "#protocol";

/** What did:hansa wants of a group's ledger. */
export interface DidLedger {
  /** Id of the group. */
  readonly id: string;
  /** Its name on this node. */
  readonly name: string;
  readonly alliance: string;
  /** Newest block. */
  readonly height: number;
  /** A DID's newest record; the same object for as long as it does not change, if it is at hand. */
  identity(did: string): IdentityRecord | undefined;
  /** Its versions as far back as they are kept, oldest first. */
  history(did: string): readonly IdentityRecord[];
}
