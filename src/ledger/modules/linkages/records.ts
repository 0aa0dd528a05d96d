import { canonicalJson, encodeBase58, encodeUtf8 } from "#base";
import { sha256 } from "#crypto";
import type { Condition, Contract, LinkageRecord } from "#protocol";
import type { Reader } from "../../state/state.ts";
import type { LinkagesNeeds } from "./needs.ts";

export const LINKAGE_PREFIX = "linkage/";

export const linkageKey = (linkage: string) => LINKAGE_PREFIX + linkage;

export const readLinkage = (state: Reader, linkage: string) => state.get<LinkageRecord>(linkageKey(linkage));

/** Digest of the contract: who accepts the id has accepted every word. */
export function linkageIdOf(contract: Contract): string {
  return `lk_${encodeBase58(sha256(encodeUtf8(canonicalJson(contract))).subarray(0, 20))}`;
}

function conditionDevices(condition: Condition): string[] {
  if ("all" in condition) return condition.all.flatMap(conditionDevices);
  if ("any" in condition) return condition.any.flatMap(conditionDevices);
  if ("not" in condition) return conditionDevices(condition.not);
  return [condition.device];
}

/** Devices that the contract reads, and those that it acts on, each once. */
export function contractDevices(contract: Contract): {
  readonly sources: readonly string[];
  readonly targets: readonly string[];
} {
  const conditions = contract.condition === undefined ? [] : conditionDevices(contract.condition as Condition);
  const targets = contract.actions.flatMap((action) => ("device" in action ? [action.device] : []));
  return { sources: [...new Set([contract.trigger.device, ...conditions])], targets: [...new Set(targets)] };
}

/** Whether operators and owners of all devices that a contract names are among its parties. */
export function linkageHolds(state: Reader, contract: Contract, readDevice: LinkagesNeeds["readDevice"]): boolean {
  const { sources, targets } = contractDevices(contract);
  return [...sources, ...targets].every((did) => {
    const device = readDevice(state, did);
    return (
      device !== undefined && contract.parties.includes(device.operator) && contract.parties.includes(device.owner)
    );
  });
}
