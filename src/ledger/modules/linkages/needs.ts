import type { DeviceRecord } from "#protocol";
import type { Reader } from "../../state/state.ts";

export interface LinkagesNeeds {
  isActiveMember(state: Reader, did: string): boolean;
  isLiveIdentity(state: Reader, did: string): boolean;
  readDevice(state: Reader, did: string): DeviceRecord | undefined;
}
