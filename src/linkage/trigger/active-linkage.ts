/** An active linkage at the trigger's side: its contract prepared, and what is kept of it between events. */
import type { Contract, LinkageRecord } from "#protocol";
import { type ConditionLeaf, type ConditionNode, compileCondition, leavesOf } from "../conditions.ts";
import { RateWindow } from "../rate-window.ts";
import type { Firing } from "../trace.ts";
import { type Comparator, compileComparison } from "../values.ts";

/** A run between two of its steps: it waits in a delay. */
export interface WaitingRun {
  readonly sequence: number;
  readonly firing: Firing;
  /** The step to do next. */
  step: number;
  /** When, milliseconds since 1970. */
  wake: number;
}

/** A run that waits for the one before it (mode `queued`). */
export interface QueuedRun {
  readonly sequence: number;
  readonly firing: Firing;
}

/** A comparison that became true and must stay so (`for`). */
export interface Pending {
  readonly firing: Firing;
  readonly due: number;
}

interface KeptState {
  readonly version: number;
  readonly truth: boolean | null;
  readonly pending: Pending | null;
  readonly runs: readonly WaitingRun[];
  readonly queue: readonly QueuedRun[];
  readonly recent: readonly (readonly [number, number])[];
  readonly sequence: number;
}

export type { KeptState };

/** Holds state and timer of one linkage; `LinkageRuntime` moves it. */
export class ActiveLinkage {
  readonly id: string;
  readonly version: number;
  readonly contract: Contract;
  readonly device: string;
  /** Name of the property or event that triggers. */
  readonly name: string;
  readonly kind: "comparison" | "change" | "event";
  readonly holds: Comparator | undefined;
  readonly forMs: number;
  readonly condition: ConditionNode | undefined;
  readonly leaves: readonly ConditionLeaf[];
  /** What the trigger's comparison last came to; `null` while no value was seen in this version. */
  truth: boolean | null;
  pending: Pending | null;
  runs: WaitingRun[];
  queue: QueuedRun[];
  readonly rate: RateWindow;
  /** Number of the next run. */
  sequence: number;
  timerAt: number | undefined;
  cancelTimer: (() => void) | undefined;

  constructor(record: LinkageRecord, kept: KeptState | undefined) {
    const { contract } = record;
    const { trigger } = contract;
    this.id = record.linkage;
    this.version = record.version;
    this.contract = contract;
    this.device = trigger.device;
    this.name = "event" in trigger ? trigger.event : trigger.property;
    this.kind = "event" in trigger ? "event" : "changes" in trigger ? "change" : "comparison";
    this.holds = "when" in trigger ? compileComparison(trigger.when) : undefined;
    this.forMs = "when" in trigger ? (trigger.for ?? 0) * 1000 : 0;
    this.condition = contract.condition === undefined ? undefined : compileCondition(contract.condition);
    this.leaves = leavesOf(this.condition);
    // A linkage that was made active anew starts without memory; only its rate and its numbers go on.
    const same = kept?.version === record.version ? kept : undefined;
    this.truth = same?.truth ?? null;
    this.pending = same?.pending ?? null;
    this.runs = same === undefined ? [] : same.runs.map((run) => ({ ...run }));
    this.queue = same === undefined ? [] : [...same.queue];
    this.rate = new RateWindow(61, kept?.recent);
    this.sequence = kept?.sequence ?? 0;
  }

  /** Whether something of it waits for a time. */
  get isBusy(): boolean {
    return this.pending !== null || this.runs.length > 0 || this.queue.length > 0;
  }

  /** When it must be looked at next. */
  get due(): number | undefined {
    let due = this.pending?.due;
    for (const run of this.runs) if (due === undefined || run.wake < due) due = run.wake;
    return due;
  }

  toJSON(): KeptState {
    const { version, truth, pending, runs, queue, sequence } = this;
    return { version, truth, pending, runs, queue, recent: this.rate.toJSON(), sequence };
  }
}

export function stateKey(linkage: string): string {
  return `s/${linkage}`;
}
