/** How often each grant was used here. Its provider is one member, whose store is therefore the authority; the ledger follows by anchors. */
import { type DurableMap, decodeRecord, encodeRecord, type MapChange } from "#events";
import type { GrantRecord } from "#protocol";

const countKey = (grant: string) => `n/${grant}`;

/** Releases under a link, those under delegations of it included. A store from an old backup knows less than the ledger: then that counts. */
export function usedOf(store: DurableMap, link: GrantRecord): number {
  return Math.max(decodeRecord<number>(store.get(countKey(link.grant))) ?? 0, link.used);
}

/** The first link of a chain with nothing left. */
export function spentLink(store: DurableMap, chain: readonly GrantRecord[]): GrantRecord | undefined {
  return chain.find((link) => link.count !== null && usedOf(store, link) >= link.count);
}

/** The changes that use a chain once: each of its links. */
export function useOf(store: DurableMap, chain: readonly GrantRecord[]): MapChange[] {
  return chain.map((link) => ({ key: countKey(link.grant), value: encodeRecord(usedOf(store, link) + 1) }));
}
