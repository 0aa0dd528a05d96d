import type { Reader } from "../../state/state.ts";

/** What issuers want of membership: they are members, and do nothing while they are suspended. */
export interface IssuersNeeds {
  isActiveMember(state: Reader, did: string): boolean;
}
