import type { Reader } from "../../state/state.ts";

export interface GrantsNeeds {
  isActiveMember(state: Reader, did: string): boolean;
  /** Whether a DID is live, and no member that was suspended or removed. */
  isInGoodStanding(state: Reader, did: string): boolean;
}
