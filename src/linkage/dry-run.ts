/** What a contract would do: evaluated against given values, acting on nothing. */
import type { Json } from "#base";
import type { Command, Contract } from "#protocol";
import { type ConditionTrace, compileCondition, evaluateCondition } from "./conditions.ts";
import type { LinkageErrorCode } from "./errors.ts";
import { compileComparison } from "./values.ts";

export interface DryRunValue {
  readonly device: string;
  readonly property: string;
  readonly value: Json;
  /** How long the value has stood, seconds; 0 by default. */
  readonly heldSeconds?: number;
}

export interface DryRunInput {
  /** When, milliseconds since 1970. */
  readonly at: number;
  readonly values: readonly DryRunValue[];
  /** What just happened: the property that was reported, or the event. By default the trigger's own. */
  readonly happens?:
    | { readonly device: string; readonly property: string }
    | { readonly device: string; readonly event: string };
}

export interface DryRun {
  readonly acts: boolean;
  /** Why it does not: `trigger` where nothing fires it. */
  readonly reason?: "trigger" | LinkageErrorCode;
  /** The trigger's comparison with what it saw; `met` is `null` where no value is given. */
  readonly trigger: { readonly value?: Json; readonly met: boolean | null };
  readonly condition?: ConditionTrace;
  /** What would be sent, and how long after the trigger, seconds. */
  readonly commands: readonly {
    readonly step: number;
    readonly device: string;
    readonly action: Command["action"];
    readonly after: number;
  }[];
}

/**
 * Evaluates a contract without a side effect. Status, admission and rate are not looked at: they are the ledger's and the moment's.
 *
 * @example
 * ```ts
 * dryRun(contract, { at: Date.now(), values: [{ device, property: "temperature", value: 27 }] }).acts; // true
 * ```
 */
export function dryRun(contract: Contract, { at, values, happens }: DryRunInput): DryRun {
  const find = (device: string, property: string) =>
    values.find((one) => one.device === device && one.property === property);
  const trigger = judgeTrigger(contract, find, happens);
  const condition =
    contract.condition === undefined
      ? undefined
      : evaluateCondition(compileCondition(contract.condition), at, (leaf) => {
          const known = find(leaf.device, leaf.property);
          if (known === undefined) return undefined;
          const since = at - (known.heldSeconds ?? 0) * 1000;
          return { value: known.value, verdict: leaf.holds(known.value), since };
        });
  const seconds = at / 1000;
  let reason: DryRun["reason"];
  if (trigger.met !== true) reason = "trigger";
  else if (seconds < contract.from || seconds >= contract.until) reason = "linkage.not-valid";
  else if (condition?.met === null) reason = "linkage.condition-unknown";
  else if (condition?.met === false) reason = "linkage.condition";
  return {
    acts: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
    trigger,
    ...(condition === undefined ? {} : { condition }),
    commands: reason === undefined ? commandsOf(contract) : [],
  };
}

function judgeTrigger(
  { trigger }: Contract,
  find: (device: string, property: string) => DryRunValue | undefined,
  happens: DryRunInput["happens"],
): DryRun["trigger"] {
  if ("event" in trigger) {
    const met =
      happens === undefined ||
      ("event" in happens && happens.device === trigger.device && happens.event === trigger.event);
    return { met };
  }
  const isOther =
    happens !== undefined &&
    !("property" in happens && happens.device === trigger.device && happens.property === trigger.property);
  const known = find(trigger.device, trigger.property);
  if (isOther) return { ...(known === undefined ? {} : { value: known.value }), met: false };
  if (known === undefined) return { met: null };
  if ("changes" in trigger) return { value: known.value, met: true };
  const holds = compileComparison(trigger.when)(known.value) ?? null;
  return { value: known.value, met: holds === true ? (known.heldSeconds ?? 0) >= (trigger.for ?? 0) : holds };
}

function commandsOf({ actions }: Contract): DryRun["commands"] {
  let after = 0;
  return actions.flatMap((action, step) => {
    if ("delay" in action) {
      after += action.delay;
      return [];
    }
    const { device, ...rest } = action;
    return [{ step, device, action: rest, after }];
  });
}
