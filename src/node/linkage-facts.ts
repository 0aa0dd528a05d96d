import type { Clock } from "#base";
import { authenticationKey, isActiveMember, isAdmitted, type Ledger, readDevice, readLinkage } from "#ledger";
import type { DeviceFacts, LinkageView, MemberFacts } from "#linkage";
import type { LinkageRecord } from "#protocol";

/** What the linkage room sees of the ledger: always the newest block. */
export function linkageFacts(
  ledger: Ledger,
  clock: Clock,
): { readonly linkages: LinkageView; readonly devices: DeviceFacts; readonly members: MemberFacts } {
  const { state } = ledger;
  return {
    linkages: {
      get: (linkage) => readLinkage(state, linkage),
      *active() {
        for (const key of state.keys("linkage/")) {
          const record = state.get<LinkageRecord>(key);
          if (record?.status === "active") yield record;
        }
      },
    },
    devices: {
      operatorOf: (device) => readDevice(state, device)?.operator,
      isAdmitted: (device) => isAdmitted(state, device, Math.max(clock.now(), ledger.head?.header.time ?? 0)),
    },
    members: {
      isActive: (member) => isActiveMember(state, member),
      keyOf: (kid) => authenticationKey(state, kid),
    },
  };
}
