import type { IdentityRecord } from "#protocol";
import type { Reader } from "../../state/state.ts";

export const IDENTITY_PREFIX = "identity/";

export function identityKey(did: string): string {
  return IDENTITY_PREFIX + did;
}

export function readIdentity(state: Reader, did: string): IdentityRecord | undefined {
  return state.get<IdentityRecord>(identityKey(did));
}

/** Whether a DID exists and was not deactivated. */
export function isLiveIdentity(state: Reader, did: string): boolean {
  const identity = readIdentity(state, did);
  return identity !== undefined && !identity.deactivated;
}
