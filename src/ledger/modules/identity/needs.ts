import type { Reader } from "../../state/state.ts";

/** What identity wants of membership: members vouch for new DIDs. */
export interface IdentityNeeds {
  isActiveMember(state: Reader, did: string): boolean;
}
