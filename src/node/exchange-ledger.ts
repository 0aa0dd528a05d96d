import type { Clock } from "#base";
import type { ExchangeLedger } from "#exchange";
import { authenticationKey, grantStands, type Ledger, type Reader, readDevice, readGrant, readTopic } from "#ledger";
import { type DeviceRecord, didOfKeyId, type GrantRecord } from "#protocol";

/** What the exchange sees of the ledger: always the newest block. */
export function exchangeLedger(ledger: Ledger, clock: Clock, isParty: (did: string) => boolean): ExchangeLedger {
  const { state } = ledger;
  const uncounted = withoutCounts(state);
  const owners = ownersOfDevices(ledger);
  return {
    group: ledger.group.id,
    grant(id) {
      // An idle chain's block time stands still; expiry must not.
      const standing = grantStands(uncounted, id, Math.max(clock.now(), ledger.head?.header.time ?? 0));
      if (!standing.stands) return { lapse: standing.why };
      return { chain: standing.chain.map(({ grant }) => readGrant(state, grant) as GrantRecord) };
    },
    keyOf: (kid) => (isParty(didOfKeyId(kid)) ? authenticationKey(state, kid) : undefined),
    isDevice: (did) => readDevice(state, did) !== undefined,
    ownerAt: owners,
    operatorOf: (topic) => readTopic(state, topic)?.operator,
    blockTime: () => ledger.head?.header.time ?? 0,
  };
}

/**
 * The state with no grant limited in its count. The provider counts itself, and its counts are ahead of the ledger's; and where the ledger says
 * "spent" of a link it looks no further, so that a revocation above would stay unseen by what is still open.
 */
function withoutCounts(state: Reader): Reader {
  return {
    get<Value>(key: string): Value | undefined {
      const value = state.get<Value>(key);
      if (value === undefined || !key.startsWith("grant/")) return value;
      return { ...value, count: null };
    },
    keys: (prefix, after) => state.keys(prefix, after),
  };
}

interface Owners {
  readonly ownership: number;
  /** Since which block time, milliseconds, each was the owner; oldest first. */
  readonly since: readonly { readonly from: number; readonly owner: string }[];
}

/** How many devices' histories are kept at hand. */
const KEPT_OWNERS = 10_000;

/** Who owned devices when: what a device said under one owner is not the next one's to give. */
function ownersOfDevices(ledger: Ledger): ExchangeLedger["ownerAt"] {
  const known = new Map<string, Owners>();
  const historyOf = (device: string, ownership: number): Owners => {
    const since: { from: number; owner: string }[] = [];
    for (const { height, value } of ledger.versions<DeviceRecord>(`device/${device}`)) {
      if (value === null || since.at(-1)?.owner === value.owner) continue;
      const time = ledger.signedHeader(height)?.header.time;
      // Of a block that is no longer kept nothing is known: nobody can give what was said before the next one.
      if (time !== undefined) since.push({ from: time, owner: value.owner });
    }
    return { ownership, since };
  };
  return (device, time) => {
    const record = readDevice(ledger.state, device);
    if (record === undefined) return undefined;
    // Its first owner is the only one that it ever had.
    if (record.ownership === 1) return record.owner;
    let owners = known.get(device);
    if (owners?.ownership !== record.ownership) {
      if (known.size >= KEPT_OWNERS) known.clear();
      owners = historyOf(device, record.ownership);
      known.set(device, owners);
    }
    return owners.since.findLast(({ from }) => from <= time)?.owner;
  };
}
