import type { Role } from "#protocol";
import type { Reader } from "../../state/state.ts";

export interface TopicsNeeds {
  isActiveMember(state: Reader, did: string, role?: Role): boolean;
}
