import type { Clock } from "#base";
import {
  authenticationKey,
  isActiveMember,
  isAdmitted,
  type Ledger,
  linkageHolds,
  readDevice,
  readLinkage,
} from "#ledger";
import type { DeviceFacts, LinkageView, MemberFacts } from "#linkage";
import type { LinkageRecord } from "#protocol";

/** What the linkage room sees of the ledger: always the newest block. */
export function linkageFacts(
  ledger: Ledger,
  clock: Clock,
): { readonly linkages: LinkageView; readonly devices: DeviceFacts; readonly members: MemberFacts } {
  const { state } = ledger;
  // A device may have been given to an owner who never accepted: then the contract binds nobody.
  const stands = (record: LinkageRecord) => record.status !== "active" || linkageHolds(state, record.contract);
  return {
    linkages: {
      get: (linkage) => {
        const record = readLinkage(state, linkage);
        return record !== undefined && stands(record) ? record : undefined;
      },
      *active() {
        for (const key of state.keys("linkage/")) {
          const record = state.get<LinkageRecord>(key);
          if (record?.status === "active" && stands(record)) yield record;
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
