import type { Reader } from "../../state/state.ts";

/** What nodes want of membership: each is an active member's. */
export interface NodesNeeds {
  isActiveMember(state: Reader, did: string): boolean;
}
