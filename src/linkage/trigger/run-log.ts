/** Writes the traces of runs: a ring for each linkage, so that a chatty trigger pushes out no more than its own past. */
import type { CommandOutcome } from "#protocol";
import type { ConditionTrace } from "../conditions.ts";
import type { LinkageErrorCode } from "../errors.ts";
import { commandKey, type Firing, type RunState, type RunTrace, type SentCommand, traceKey } from "../trace.ts";
import { type ActiveLinkage, stateKey } from "./active-linkage.ts";
import type { Journal } from "./journal.ts";

export class RunLog {
  readonly #journal: Journal;
  readonly #kept: number;
  readonly #isWaited: (jti: string) => boolean;
  /** Last refusal of a linkage, as long as nothing else came after it. */
  readonly #refusals = new WeakMap<ActiveLinkage, RunTrace>();

  /**
   * @param kept - runs of a linkage that are kept
   * @param isWaited - whether a command still waits for its receipt
   */
  constructor(journal: Journal, kept: number, isWaited: (jti: string) => boolean) {
    this.#journal = journal;
    this.#kept = kept;
    this.#isWaited = isWaited;
  }

  /** Begins a trace; the run's number is in it. */
  open(linkage: ActiveLinkage, firing: Firing, at: number, state: RunState, condition?: ConditionTrace): RunTrace {
    const trace: RunTrace = {
      sequence: linkage.sequence++,
      linkage: linkage.id,
      version: linkage.version,
      firing,
      at,
      ...(condition === undefined ? {} : { condition }),
      state,
      steps: [],
    };
    this.#refusals.delete(linkage);
    this.#journal.put(traceKey(linkage.id, trace.sequence), trace);
    this.#journal.put(stateKey(linkage.id), linkage);
    this.#forget(linkage.id, trace.sequence - this.#kept);
    return trace;
  }

  /** Notes a trigger that came to nothing. Many in a row for one reason are one trace, with the first of them. */
  refuse(linkage: ActiveLinkage, firing: Firing, at: number, reason: LinkageErrorCode, seen?: ConditionTrace): void {
    const last = this.#refusals.get(linkage);
    if (last?.reason === reason) {
      last.times = (last.times ?? 1) + 1;
      last.last = at;
      this.#journal.put(traceKey(linkage.id, last.sequence), last);
      return;
    }
    const trace = this.open(linkage, firing, at, "refused", seen);
    trace.reason = reason;
    this.#refusals.set(linkage, trace);
  }

  /** The trace of a run that is under way; `undefined` where the ring has gone past it. */
  get(linkage: string, sequence: number): RunTrace | undefined {
    return this.#journal.get<RunTrace>(traceKey(linkage, sequence));
  }

  /** Notes a trace that has changed. */
  change(trace: RunTrace): void {
    this.#journal.put(traceKey(trace.linkage, trace.sequence), trace);
  }

  end(linkage: string, sequence: number, state: RunState, reason?: LinkageErrorCode): void {
    const trace = this.get(linkage, sequence);
    if (trace === undefined) return;
    trace.state = state;
    if (reason !== undefined) trace.reason = reason;
    this.change(trace);
  }

  /** Notes what became of a command. One whose run has left the ring is forgotten with it. */
  answer(jti: string, outcome: CommandOutcome, reason: string | undefined, receipt: string | undefined): void {
    const key = commandKey(jti);
    const sent = this.#journal.get<SentCommand>(key);
    this.#journal.put(`o/${jti}`, null);
    if (sent === undefined) return;
    if (this.get(sent.linkage, sent.sequence) === undefined) {
      this.#journal.put(key, null);
      return;
    }
    sent.outcome = outcome;
    if (reason !== undefined) sent.reason = reason;
    if (receipt !== undefined) sent.receipt = receipt;
    this.#journal.put(key, sent);
  }

  #forget(linkage: string, sequence: number): void {
    if (sequence < 0) return;
    const old = this.get(linkage, sequence);
    if (old === undefined) return;
    for (const step of old.steps)
      if ("jti" in step && !this.#isWaited(step.jti)) this.#journal.put(commandKey(step.jti), null);
    this.#journal.put(traceKey(linkage, sequence), null);
  }
}
