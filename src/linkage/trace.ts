/** "Why did this happen?" — what a linkage's runs saw, decided and sent, a bounded number of each linkage. */

import type { Json } from "#base";
import { type DurableMap, decodeRecord, padNumber } from "#events";
import type { CommandOutcome } from "#protocol";
import type { ConditionTrace } from "./conditions.ts";
import type { LinkageErrorCode } from "./errors.ts";

/** The event that fired. */
export interface Evidence {
  readonly topic: string;
  readonly offset: number;
  /** SHA-256 of the event as it is logged, base64url. */
  readonly digest: string;
}

/** What fired a run. */
export interface Firing {
  readonly evidence: Evidence;
  /** When the event was taken, milliseconds since 1970. */
  readonly at: number;
  /** Linkages that stand behind the event. */
  readonly hops: number;
  /** Id of the command that caused the event. */
  readonly cause?: string;
  readonly value?: Json;
}

export type RunState = "queued" | "waiting" | "done" | "refused" | "cancelled";

/** A step that was to be done: a command, or why there was none. */
export type RunStep =
  | { readonly step: number; readonly jti: string }
  | { readonly step: number; readonly refused: LinkageErrorCode };

/** A run as it is kept. */
export interface RunTrace {
  /** Counts the runs of a linkage. */
  readonly sequence: number;
  readonly linkage: string;
  readonly version: number;
  readonly firing: Firing;
  /** When it was decided, milliseconds. */
  readonly at: number;
  readonly condition?: ConditionTrace;
  state: RunState;
  /** Why it was refused or cancelled. */
  reason?: LinkageErrorCode;
  /** How many triggers in a row were refused for the same reason, and the last of them. */
  times?: number;
  last?: number;
  readonly steps: RunStep[];
}

/** A command as it is kept on the side that sent it. */
export interface SentCommand {
  readonly token: string;
  readonly linkage: string;
  readonly sequence: number;
  readonly step: number;
  outcome?: CommandOutcome;
  reason?: string;
  receipt?: string;
}

/** A run with its commands, as it is shown. */
export interface RunReport extends Omit<RunTrace, "steps"> {
  readonly steps: readonly {
    readonly step: number;
    readonly refused?: LinkageErrorCode;
    readonly jti?: string;
    readonly command?: string;
    /** Absent while no answer has come. */
    readonly outcome?: CommandOutcome;
    readonly reason?: string;
    readonly receipt?: string;
  }[];
}

export const TRACE_PREFIX = "t/";

export function traceKey(linkage: string, sequence: number): string {
  return `${TRACE_PREFIX}${linkage}/${padNumber(sequence)}`;
}

export function commandKey(jti: string): string {
  return `k/${jti}`;
}

/** Runs of a linkage, newest first. `kept` is how many there can be. */
export function readRuns(store: DurableMap, linkage: string, limit: number, kept: number): RunReport[] {
  const found = store.list(`${TRACE_PREFIX}${linkage}/`, { limit: kept + 1 });
  return found
    .slice(-limit)
    .reverse()
    .map(({ value }) => {
      const trace = decodeRecord<RunTrace>(value) as RunTrace;
      const steps = trace.steps.map((step) => {
        if ("refused" in step) return step;
        const sent = decodeRecord<SentCommand>(store.get(commandKey(step.jti)));
        if (sent === undefined) return step;
        const { token, outcome, reason, receipt } = sent;
        return {
          ...step,
          command: token,
          ...(outcome === undefined ? {} : { outcome }),
          ...(reason === undefined ? {} : { reason }),
          ...(receipt === undefined ? {} : { receipt }),
        };
      });
      return { ...trace, steps };
    });
}
