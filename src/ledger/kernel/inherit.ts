/** How a group begins that goes on from another one: that one's records, with the new group's members, rules and nodes laid over them. */
import { encodeBase64Url, HansaError } from "#base";
import { decodeMultikey } from "#crypto";
import { fingerprintOf, type Genesis, type IdentityRecord, type MemberRecord, type ProposalRecord } from "#protocol";
import { identityKey } from "../modules/identity/records.ts";
import { inheritIssuers } from "../modules/issuers/inherit.ts";
import { ISSUER_PREFIX, STANDING_PREFIX } from "../modules/issuers/records.ts";
import { MEMBER_PREFIX, memberKey, PROPOSAL_PREFIX, ROLL_KEY, type Roll } from "../modules/members/records.ts";
import { inheritNodes } from "../modules/nodes/inherit.ts";
import { NODE_PREFIX } from "../modules/nodes/records.ts";
import { decodeJson } from "../state/decode.ts";
import { rootOfRecords } from "../state/state.ts";
import type { StoredRecord } from "../state/store.ts";
import { ledgerError } from "./errors.ts";
import { genesisRecords } from "./genesis.ts";

/** Records of the kernel itself: which transactions were executed. Those of another group say nothing here, they name it as their audience. */
const KERNEL_PREFIX = "kernel/";

/** Records that are other ones in the new group. */
const CHANGING = [MEMBER_PREFIX, PROPOSAL_PREFIX, NODE_PREFIX, "nodes/", ISSUER_PREFIX, STANDING_PREFIX];

/**
 * The records of block 0 of a group that goes on from another one.
 *
 * - Rules, members and nodes are those of the genesis. Whoever was a member and founds no more is `removed`, and can be admitted again by
 *   vote, and is no longer recognised as an issuer; nodes that the genesis does not name are retired; open proposals expire, since
 *   others would decide them now.
 * - A founder that the old ledger knows keeps its identity there, rotated keys and all. The key that it founds with must be one of them.
 * - All else stays as it was.
 *
 * @param records - of the old group as of `genesis.from`, all slots from 0 on; gone through twice
 * @throws HansaError `ledger.root-mismatch` where they are not those that the genesis names, `ledger.founder-key`, `ledger.node-conflict`
 */
export function inheritRecords(genesis: Genesis, records: Iterable<StoredRecord>): Map<string, object | Uint8Array> {
  const { from } = genesis;
  if (from === undefined) throw new Error("this genesis begins with nothing");
  if (rootOf(records) !== from.state)
    throw ledgerError("ledger.root-mismatch", `the records are not those of ${from.group} at height ${from.height}`, {
      group: from.group,
      height: from.height,
    });
  const stored = new Map<string, object | Uint8Array>();
  // Only what may change is taken apart: the rest goes on byte for byte, however much it is.
  const state = new Map<string, object>();
  const fresh = genesisRecords(genesis);
  for (const { key, value } of records) {
    if (value === null || key.startsWith(KERNEL_PREFIX)) continue;
    stored.set(key, value);
    if (fresh.has(key) || CHANGING.some((prefix) => key.startsWith(prefix)))
      state.set(key, decodeJson(value) as object);
  }
  inheritMembers(state, fresh, genesis);
  inheritNodes(state, fresh);
  inheritIssuers(state, (did) => fresh.has(memberKey(did)), genesis.time);
  for (const [key, value] of [...state, ...fresh]) stored.set(key, value);
  return stored;
}

function rootOf(records: Iterable<StoredRecord>): string | undefined {
  try {
    return encodeBase64Url(rootOfRecords(records));
  } catch (error) {
    if (error instanceof HansaError && error.code.startsWith("crypto.tree-")) return undefined;
    throw error;
  }
}

function inheritMembers(state: Map<string, object>, fresh: Map<string, object>, genesis: Genesis): void {
  const roll = state.get(ROLL_KEY) as Roll | undefined;
  const begun = fresh.get(ROLL_KEY) as Roll;
  // Numbers of proposals go on: none is used twice.
  fresh.set(ROLL_KEY, { ...begun, next: roll?.next ?? begun.next });
  for (const { did, publicKey } of genesis.members) {
    const before = state.get(memberKey(did)) as MemberRecord | undefined;
    const member = fresh.get(memberKey(did)) as MemberRecord;
    if (before !== undefined && before.status !== "removed")
      fresh.set(memberKey(did), { ...member, since: before.since });
    const identity = state.get(identityKey(did)) as IdentityRecord | undefined;
    if (identity === undefined) continue;
    requireCurrent(identity, publicKey);
    fresh.delete(identityKey(did));
  }
  for (const [key, value] of state) {
    if (key.startsWith(MEMBER_PREFIX) && !fresh.has(key)) state.set(key, { ...value, status: "removed" });
    if (key.startsWith(PROPOSAL_PREFIX) && (value as ProposalRecord).status === "open")
      state.set(key, { ...value, status: "expired" });
  }
}

/** A founder signs with its first key. One that it has replaced since may be in other hands: with that one nobody founds in its name. */
function requireCurrent({ did, deactivated, keys }: IdentityRecord, publicKey: string): void {
  const key = decodeMultikey(publicKey);
  const id = key === undefined ? undefined : fingerprintOf(key);
  const current = keys.find((entry) => entry.id === id);
  if (deactivated || !current?.relationships.includes("authentication"))
    throw ledgerError("ledger.founder-key", `${did} founds with a key that is no longer its own`, { member: did });
}
