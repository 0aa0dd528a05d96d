import type { PublicKey } from "#crypto";
import type { Role } from "#protocol";
import type { Reader } from "../../state/state.ts";

export interface DevicesNeeds {
  isActiveMember(state: Reader, did: string, role?: Role): boolean;
  isLiveIdentity(state: Reader, did: string): boolean;
  /** How long a challenge stays open, seconds. */
  challengeSeconds(state: Reader): number;
  /** A key of a live DID with which it authenticates, by the key's DID URL. */
  authenticationKey(state: Reader, kid: string): PublicKey | undefined;
}
