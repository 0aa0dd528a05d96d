import type { Reader } from "../../state/state.ts";

/** What evidence wants of membership and identity. */
export interface EvidenceNeeds {
  isActiveMember(state: Reader, did: string): boolean;
  isLiveIdentity(state: Reader, did: string): boolean;
}
