/** What the newest block says of a linkage at the trigger's side, and whether an event may start a run of it. */
import type { Clock } from "#base";
import type { Command } from "#protocol";
import { type ConditionTrace, evaluateCondition } from "../conditions.ts";
import type { LinkageErrorCode } from "../errors.ts";
import type { DeviceFacts, LinkageView, MemberFacts } from "../needs.ts";
import type { Firing } from "../trace.ts";
import type { ActiveLinkage } from "./active-linkage.ts";
import type { WatchedThings } from "./watched-things.ts";

export interface Standing {
  /** The member whose node this is. */
  readonly member: string;
  readonly clock: Clock;
  readonly linkages: LinkageView;
  readonly devices: DeviceFacts;
  readonly members: MemberFacts;
}

/** Whether this node evaluates a linkage, now: the trigger's device is operated here and the contract's time has come. */
export function isHeardHere(linkage: ActiveLinkage, { devices, member, clock }: Standing): boolean {
  const seconds = clock.now() / 1000;
  const { from, until } = linkage.contract;
  return seconds >= from && seconds < until && devices.operatorOf(linkage.device) === member;
}

/** Why a linkage must not run now; `undefined` where it may. */
export function problemOfLinkage(linkage: ActiveLinkage, standing: Standing): LinkageErrorCode | undefined {
  const { linkages, devices, members, member, clock } = standing;
  const record = linkages.get(linkage.id);
  if (record === undefined) return "linkage.unknown";
  if (record.status !== "active") return "linkage.not-active";
  if (record.version !== linkage.version) return "linkage.version";
  const seconds = clock.now() / 1000;
  if (seconds < record.contract.from || seconds >= record.contract.until) return "linkage.not-valid";
  if (!devices.isAdmitted(linkage.device)) return "linkage.device-not-admitted";
  if (devices.operatorOf(linkage.device) !== member) return "linkage.not-operator";
  return members.isActive(member) ? undefined : "linkage.unauthenticated";
}

/** Why a command must not be sent now. `linkage` is the active one that it names, if there is one. */
export function problemOfSending(
  command: Command,
  linkage: ActiveLinkage | undefined,
  standing: Standing,
): LinkageErrorCode | undefined {
  if (linkage === undefined) return "linkage.not-active";
  if (linkage.version !== command.version) return "linkage.version";
  const problem = problemOfLinkage(linkage, standing);
  if (problem !== undefined) return problem;
  return standing.devices.isAdmitted(command.sub) ? undefined : "linkage.device-not-admitted";
}

export interface Judgement {
  /** Absent: a run may start, as far as linkage, event and condition go. */
  readonly reason?: LinkageErrorCode;
  /** The condition with what it saw, where it was looked at. */
  readonly condition?: ConditionTrace;
}

/**
 * Judges a trigger that fired.
 *
 * @param at - time at which conditions are looked at, milliseconds
 * @param eventMs - age beyond which an event starts nothing
 * @param isOwn - whether a command came from this linkage
 */
export function judgeFiring(
  linkage: ActiveLinkage,
  firing: Firing,
  at: number,
  standing: Standing,
  { things, eventMs, isOwn }: { things: WatchedThings; eventMs: number; isOwn: (jti: string) => boolean },
): Judgement {
  const problem = problemOfLinkage(linkage, standing);
  if (problem !== undefined) return { reason: problem };
  // A `for` fires long after its event: only what the log hands over late is stale.
  if (linkage.forMs === 0 && standing.clock.now() - firing.at > eventMs) return { reason: "linkage.event-stale" };
  if (firing.hops + 1 > linkage.contract.limits.hops) return { reason: "linkage.hops" };
  if (firing.cause !== undefined && isOwn(firing.cause)) return { reason: "linkage.self-loop" };
  if (linkage.condition === undefined) return {};
  const condition = evaluateCondition(linkage.condition, at, (leaf) =>
    // What a revoked device said last is not known any more.
    standing.devices.isAdmitted(leaf.device)
      ? things.get(leaf.device, "property", leaf.property)?.read(leaf)
      : undefined,
  );
  if (condition.met === null) return { reason: "linkage.condition-unknown", condition };
  return condition.met ? { condition } : { reason: "linkage.condition", condition };
}
