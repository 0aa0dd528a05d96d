import type { Reader } from "../../state/state.ts";

/** What membership wants of identity: a member is a DID whose keys can act. */
export interface MembersNeeds {
  isLiveIdentity(state: Reader, did: string): boolean;
}
