import type { Reader } from "../../state/state.ts";

/** What status lists want of membership: their issuers are active members. */
export interface StatusesNeeds {
  isActiveMember(state: Reader, did: string): boolean;
}
