/** Who may publish and subscribe: read off the ledger by the broker, at every connect, publish, subscribe and delivery. */
import { type DeviceRecord, fingerprintOfDid, type Role, type TopicRule } from "#protocol";
import type { Reader } from "../../state/state.ts";
import { readTopic } from "./records.ts";

/** What rights want to know of other modules. */
export interface RightsNeeds {
  isActiveMember(state: Reader, did: string, role?: Role): boolean;
  readDevice(state: Reader, did: string): DeviceRecord | undefined;
  isAdmitted(state: Reader, device: string): boolean;
}

export type TopicRight = "publish" | "subscribe";

/** Levels of a path or filter. */
type Levels = readonly string[];

/**
 * Whether everything that `wanted` can match lies within `allowed`; both are MQTT filters, a plain path being the narrowest.
 * `{device}` in `allowed` is one level that must be one of `devices`.
 */
export function filterCovers(allowed: Levels, wanted: Levels, devices: ReadonlySet<string> | undefined): boolean {
  for (let i = 0; ; i++) {
    const right = allowed[i];
    const want = wanted[i];
    if (right === "#") return true;
    if (right === undefined) return want === undefined;
    if (want === undefined) return false;
    if (want === "#") return false;
    if (right === "+") continue;
    if (right === "{device}") {
      if (want === "+" || devices?.has(want) !== true) return false;
    } else if (right !== want) return false;
  }
}

/**
 * Whether a subject may publish to, or subscribe at, a path or filter below a topic. Denied unless a rule allows it.
 */
export function topicAllows(
  state: Reader,
  needs: RightsNeeds,
  right: TopicRight,
  subject: string,
  topicName: string,
  path: string,
): boolean {
  const topic = readTopic(state, topicName);
  if (topic === undefined || (right === "publish" && topic.status !== "open")) return false;
  const wanted = path === "" ? [] : path.split("/");
  return topic[right].some((rule) => ruleAllows(state, needs, rule, subject, wanted));
}

/**
 * Whether any rule speaks of a subject at all. Owners cannot be told without their device's name: where a rule speaks of owners,
 * whoever is no member and no device may be one.
 */
export function topicConcerns(
  state: Reader,
  needs: RightsNeeds,
  right: TopicRight,
  subject: string,
  topicName: string,
): boolean {
  return (
    readTopic(state, topicName)?.[right].some(({ who }) => {
      if ("did" in who) return who.did === subject && isKnown(state, needs, subject);
      if ("role" in who) return needs.isActiveMember(state, subject, who.role);
      if ("devicesOf" in who)
        return needs.readDevice(state, subject)?.operator === who.devicesOf && needs.isAdmitted(state, subject);
      return needs.readDevice(state, subject) === undefined && !needs.isActiveMember(state, subject);
    }) === true
  );
}

function ruleAllows(state: Reader, needs: RightsNeeds, rule: TopicRule, subject: string, wanted: Levels): boolean {
  const { who } = rule;
  const allowed = (rule.at ?? "#").split("/");
  if ("did" in who)
    return (
      who.did === subject &&
      isKnown(state, needs, subject) &&
      filterCovers(allowed, wanted, new Set([fingerprintOfDid(subject)]))
    );
  if ("role" in who) return needs.isActiveMember(state, subject, who.role) && filterCovers(allowed, wanted, undefined);
  if ("devicesOf" in who) {
    const device = needs.readDevice(state, subject);
    if (device?.operator !== who.devicesOf || !needs.isAdmitted(state, subject)) return false;
    return filterCovers(allowed, wanted, new Set([fingerprintOfDid(subject)]));
  }
  // Owners: the level that names the device must be a device of theirs, whatever the rule's filter leaves open.
  const level = allowed.indexOf("{device}");
  const named = level < 0 ? undefined : wanted[level];
  if (named === undefined) return false;
  const prefix = subject.slice(0, subject.lastIndexOf(":") + 1);
  const device = needs.readDevice(state, prefix + named);
  if (device?.owner !== subject || device.operator !== who.ownersOfDevicesOf) return false;
  return filterCovers(allowed, wanted, new Set([named]));
}

/** A device named by its DID must be admitted; anybody else is known by the DID alone. */
function isKnown(state: Reader, needs: RightsNeeds, subject: string): boolean {
  return needs.readDevice(state, subject) === undefined || needs.isAdmitted(state, subject);
}
