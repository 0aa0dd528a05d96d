/**
 * Evaluates linkages at the trigger's side, off the ledger's path.
 *
 * What survives. Every batch holds all changes there are, so that the disk always has the state behind one event of each topic,
 * with that event's number (`cursor`). Whatever decides is written before anything acts on it: a trigger that became true, a timer
 * and its end, a condition that flipped, a run, a command. What decides nothing waits, up to a second: other values, and a trigger
 * that became false again. After a crash therefore no comparison is taken for newly true: its truth was stored in the batch that
 * stored the run. The node must feed events again from `cursor(topic)` on, which brings back what waited; without that a trigger
 * that fell within the last second would miss its next rise, and never fire falsely. An event that was seen is passed over.
 *
 * Order at start: make the runtime, feed what came after the cursors, then `start`: timers that fell due meanwhile fire once.
 */

import type { Json } from "#base";
import { decodeRecord } from "#events";
import {
  type Action,
  type Command,
  decodeCommand,
  EVENT_TYPES,
  eventPath,
  fingerprintOfDid,
  type LoggedEvent,
  propertyPath,
  signCommand,
} from "#protocol";
import { commandIdOf } from "../command-id.ts";
import type { LinkageErrorCode } from "../errors.ts";
import { isReceiptFor } from "../receipts/check-receipt.ts";
import { commandKey, type Firing, type RunReport, type RunTrace, readRuns, type SentCommand } from "../trace.ts";
import { keepValue } from "../values.ts";
import { ActiveLinkage, type KeptState, stateKey, type WaitingRun } from "./active-linkage.ts";
import { Journal } from "./journal.ts";
import { Outbox, type OutboxEntry } from "./outbox.ts";
import { RunLog } from "./run-log.ts";
import type { RuntimeOptions } from "./runtime-options.ts";
import { isHeardHere, judgeFiring, problemOfLinkage, problemOfSending } from "./standing.ts";
import { type WatchedThing, WatchedThings } from "./watched-things.ts";

/** Waits of changes that decide nothing, milliseconds. */
const VALUES_MS = 1000;
const CURSORS_MS = 10_000;
/** Changes that wait are written when there are so many. */
const MOST_DIRTY = 2000;

export class LinkageRuntime {
  readonly #options: RuntimeOptions;
  readonly #commandSeconds: number;
  readonly #eventMs: number;
  readonly #waiting: number;
  readonly #outboxLimit: number;
  readonly #keptRuns: number;
  readonly #journal: Journal;
  readonly #things: WatchedThings;
  readonly #log: RunLog;
  readonly #outbox: Outbox;
  readonly #active = new Map<string, ActiveLinkage>();
  /** Those with a timer, a run or a queue: all that a block must look at. */
  readonly #busy = new Set<ActiveLinkage>();
  readonly #cursors = new Map<string, { next: number }>();
  /** Commands in the journal that go out once it is written. */
  #outgoing: OutboxEntry[] = [];
  /** Whether the journal holds something that must not wait. */
  #urgent = false;
  #state: "restored" | "running" | "stopped" = "restored";

  /** Reads back what is kept. Nothing is sent before `start`. */
  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#commandSeconds = options.commandSeconds ?? 30;
    this.#eventMs = (options.eventSeconds ?? 300) * 1000;
    this.#waiting = options.waiting ?? 16;
    this.#outboxLimit = options.outbox ?? 10_000;
    this.#keptRuns = options.runs ?? 50;
    this.#journal = new Journal(options.store, options.clock, (error) => this.#fail(error));
    this.#things = new WatchedThings(options.store);
    this.#outbox = new Outbox({
      clock: options.clock,
      channel: options.channel,
      answered: (entry, receipt) => this.#takeReceipt(entry, receipt),
      expired: (entry) => {
        this.#log.answer(entry.command.jti, "timeout", "linkage.no-answer", undefined);
        this.#journal.later(VALUES_MS);
      },
      limit: this.#outboxLimit,
      width: 256,
      attemptMs: 5000,
    });
    this.#log = new RunLog(this.#journal, this.#keptRuns, (jti) => this.#isWaited(jti));
    for (const { key, value } of options.store.list("c/"))
      this.#cursors.set(key.slice(2), decodeRecord<{ next: number }>(value) as { next: number });
    for (const record of options.linkages.active()) this.#index(record.linkage);
    for (const key of this.#things.unmentioned()) this.#journal.put(key, null);
  }

  /** Lets commands out and timers run; what fell due while the node was down happens now, once. */
  start(): void {
    if (this.#state !== "restored") return;
    this.#state = "running";
    this.#restoreOutbox();
    this.#commit();
    for (const linkage of this.#busy) this.#arm(linkage);
  }

  /** Writes what waits and lets go of all timers. */
  stop(): void {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    for (const linkage of this.#active.values()) this.#disarm(linkage);
    this.#outbox.stop();
    this.#journal.stop();
    this.#journal.commit();
  }

  /** Offset from which a topic's events are wanted after a restart; 0 where none was seen. */
  cursor(topic: string): number {
    return this.#cursors.get(topic)?.next ?? 0;
  }

  /**
   * Takes an event that is durable in its topic's log. Commands that it gives are on disk and on their way when this returns.
   *
   * @param digest - SHA-256 of the event as it is logged, base64url
   * @throws what the store throws; nothing was sent then, and what was to be written goes with the next write
   * @example
   * ```ts
   * log.onAppend((logged, digest) => runtime.onEvent(logged, digest));
   * ```
   */
  onEvent(logged: LoggedEvent, digest: string): void {
    this.#take(logged, digest);
    this.#settle();
  }

  /** Takes several events with one write. */
  onEvents(events: readonly { readonly logged: LoggedEvent; readonly digest: string }[]): void {
    for (const { logged, digest } of events) this.#take(logged, digest);
    this.#settle();
  }

  /**
   * Must hear of every block before its receipts are answered: what is no longer active, admitted or operated here is stopped, its
   * timers, runs and unanswered commands included.
   *
   * @param changed - ids of all linkages that the block's facts name
   */
  onBlock(_height: number, changed: readonly string[]): void {
    for (const id of changed) this.#index(id);
    for (const linkage of [...this.#busy]) {
      const reason = problemOfLinkage(linkage, this.#options);
      // Before `from` nothing can be busy, and `until` is found by the timer: the rest are the ledger's changes.
      if (reason !== undefined) this.#drop(linkage, reason);
    }
    for (const { command } of [...this.#outbox.entries()]) {
      const reason = this.#problemOfSending(command);
      if (reason === undefined) continue;
      this.#outbox.remove(command.jti);
      this.#log.answer(command.jti, "refused", reason, undefined);
      this.#urgent = true;
    }
    this.#outgoing = this.#outgoing.filter(({ command }) => {
      const reason = this.#problemOfSending(command);
      if (reason !== undefined) this.#log.answer(command.jti, "refused", reason, undefined);
      return reason === undefined;
    });
    this.#settle();
  }

  /** Runs of a linkage, newest first, with their commands and receipts. */
  runsOf(linkage: string, limit = 50): RunReport[] {
    this.#commit();
    return readRuns(this.#options.store, linkage, limit, this.#keptRuns);
  }

  /** How much there is of what. */
  counts(): { active: number; busy: number; unanswered: number } {
    return { active: this.#active.size, busy: this.#busy.size, unanswered: this.#outbox.size + this.#outgoing.length };
  }

  #take({ topic, offset, event }: LoggedEvent, digest: string): void {
    const cursor = this.#cursors.get(topic) ?? { next: 0 };
    if (offset < cursor.next) return;
    cursor.next = offset + 1;
    this.#cursors.set(topic, cursor);
    this.#journal.put(`c/${topic}`, cursor);
    const { source: device, subject: name } = event;
    const kind =
      event.type === EVENT_TYPES.property ? "property" : event.type === EVENT_TYPES.event ? "event" : undefined;
    if (kind === undefined || name === undefined) return;
    const thing = this.#things.get(device, kind, name);
    if (thing === undefined) return;
    // A device speaks for itself alone: an event of its name at another's path counts for nothing, nor does a revoked device's.
    const pathOf = kind === "property" ? propertyPath : eventPath;
    if (event.hansapath !== pathOf(fingerprintOfDid(device), name) || !this.#options.devices.isAdmitted(device)) return;
    const now = this.#options.clock.now();
    const time = Date.parse(event.time);
    const firing: Firing = {
      evidence: { topic, offset, digest },
      at: Number.isNaN(time) ? now : Math.min(time, now),
      hops: event.hansahops ?? 0,
      ...(event.hansacause === undefined ? {} : { cause: event.hansacause }),
      ...(event.data === undefined ? {} : { value: keepValue(event.data) }),
    };
    if (kind === "property") this.#takeValue(thing, event.data ?? null, firing);
    else
      for (const linkage of thing.triggers)
        if (isHeardHere(linkage, this.#options)) this.#fire(linkage, firing, firing.at);
  }

  #takeValue(thing: WatchedThing, value: Json, firing: Firing): void {
    const { changed, first, flipped } = thing.take(keepValue(value), firing.at);
    if (changed) this.#journal.put(thing.key, thing);
    if (flipped) this.#urgent = true;
    for (const linkage of thing.triggers) {
      if (!isHeardHere(linkage, this.#options)) continue;
      if (linkage.kind === "change") {
        // The first value that is known is no change.
        if (changed && !first) this.#fire(linkage, firing, firing.at);
        continue;
      }
      const truth = linkage.holds?.(value) === true;
      if (truth === linkage.truth) continue;
      linkage.truth = truth;
      if (!truth && linkage.pending === null) {
        // Decides nothing yet, and comes back with the events behind the cursor: it may wait as values do.
        this.#journal.put(stateKey(linkage.id), linkage);
        continue;
      }
      if (!truth) linkage.pending = null;
      else if (linkage.forMs > 0) linkage.pending = { firing, due: firing.at + linkage.forMs };
      else this.#fire(linkage, firing, firing.at);
      this.#touch(linkage);
      this.#arm(linkage);
    }
  }

  /** @param at - time at which conditions are looked at */
  #fire(linkage: ActiveLinkage, firing: Firing, at: number): void {
    const now = this.#options.clock.now();
    const judged = judgeFiring(linkage, firing, at, this.#options, {
      things: this.#things,
      eventMs: this.#eventMs,
      isOwn: (jti) => this.#journal.get<SentCommand>(commandKey(jti))?.linkage === linkage.id,
    });
    const { condition } = judged;
    const reason = judged.reason ?? this.#crowdOf(linkage);
    if (reason === undefined && linkage.runs.length > 0 && linkage.contract.mode === "queued") {
      const { sequence } = this.#log.open(linkage, firing, now, "queued", condition);
      linkage.queue.push({ sequence, firing });
      this.#touch(linkage);
      return;
    }
    const refusal = reason ?? this.#limitOf(linkage, now);
    if (refusal !== undefined) {
      this.#log.refuse(linkage, firing, now, refusal, condition);
      return;
    }
    if (linkage.contract.mode === "restart") {
      for (const run of linkage.runs) this.#log.end(linkage.id, run.sequence, "cancelled", "linkage.restarted");
      linkage.runs = [];
    }
    const trace = this.#log.open(linkage, firing, now, "done", condition);
    this.#advance(linkage, { sequence: trace.sequence, firing, step: 0, wake: now }, trace);
  }

  /** Why there is no room beside the runs that wait. */
  #crowdOf({ contract: { mode }, runs, queue }: ActiveLinkage): LinkageErrorCode | undefined {
    if (runs.length === 0) return undefined;
    if (mode === "queued") return queue.length >= this.#waiting ? "linkage.queue-full" : undefined;
    return mode === "single" || (mode === "parallel" && runs.length >= this.#waiting) ? "linkage.busy" : undefined;
  }

  /** Counts a run that is about to start, or says why it must not. */
  #limitOf(linkage: ActiveLinkage, now: number): LinkageErrorCode | undefined {
    const commands = linkage.contract.actions.length;
    if (this.#outbox.size + this.#outgoing.length + commands > this.#outboxLimit) return "linkage.outbox-full";
    return linkage.rate.take(now, linkage.contract.limits.perMinute) ? undefined : "linkage.rate";
  }

  /** Does a run's steps up to the next delay, or to its end. */
  #advance(linkage: ActiveLinkage, run: WaitingRun, trace: RunTrace | undefined): void {
    const { actions } = linkage.contract;
    linkage.runs = linkage.runs.filter((other) => other !== run);
    this.#touch(linkage);
    while (run.step < actions.length) {
      const step = run.step++;
      const action = actions[step] as Action;
      if ("delay" in action) {
        run.wake = this.#options.clock.now() + action.delay * 1000;
        linkage.runs.push(run);
        break;
      }
      this.#command(linkage, run, step, action, trace);
    }
    if (trace !== undefined) {
      trace.state = linkage.runs.includes(run) ? "waiting" : "done";
      this.#log.change(trace);
    }
    this.#touch(linkage);
    this.#arm(linkage);
  }

  #command(
    linkage: ActiveLinkage,
    { firing, sequence }: WaitingRun,
    step: number,
    { device, ...action }: Exclude<Action, { delay: number }>,
    trace: RunTrace | undefined,
  ): void {
    const { member, group, kid, signer, clock, devices } = this.#options;
    if (!devices.isAdmitted(device)) {
      trace?.steps.push({ step, refused: "linkage.device-not-admitted" });
      return;
    }
    const { evidence, hops } = firing;
    const jti = commandIdOf(linkage.id, evidence.topic, evidence.offset, step);
    const iat = Math.floor(clock.now() / 1000);
    const command: Command = {
      jti,
      iss: member,
      sub: device,
      aud: group,
      linkage: linkage.id,
      version: linkage.version,
      evidence,
      step,
      action,
      hops: hops + 1,
      iat,
      exp: iat + this.#commandSeconds,
    };
    const token = signCommand(command, kid, signer);
    trace?.steps.push({ step, jti });
    const sent: SentCommand = { token, linkage: linkage.id, sequence, step };
    this.#journal.put(commandKey(jti), sent);
    this.#journal.put(`o/${jti}`, {});
    this.#outgoing.push({ command, token, sequence });
    this.#urgent = true;
  }

  /** Starts what waited for its turn, once nothing runs. */
  #dequeue(linkage: ActiveLinkage): void {
    while (linkage.runs.length === 0) {
      const next = linkage.queue.shift();
      if (next === undefined) return;
      const limit = this.#limitOf(linkage, this.#options.clock.now());
      if (limit !== undefined) this.#log.end(linkage.id, next.sequence, "refused", limit);
      else {
        const run = { ...next, step: 0, wake: this.#options.clock.now() };
        this.#advance(linkage, run, this.#log.get(linkage.id, next.sequence));
      }
      this.#touch(linkage);
    }
  }

  #onTimer(linkage: ActiveLinkage): void {
    linkage.timerAt = undefined;
    if (this.#active.get(linkage.id) !== linkage || this.#state !== "running") return;
    const problem = problemOfLinkage(linkage, this.#options);
    if (problem !== undefined) this.#drop(linkage, problem);
    const now = this.#options.clock.now();
    const { pending } = linkage;
    if (pending !== null && pending.due <= now) {
      linkage.pending = null;
      this.#touch(linkage);
      if (linkage.truth === true) this.#fire(linkage, pending.firing, now);
    }
    for (const run of linkage.runs.filter(({ wake }) => wake <= now).sort((a, b) => a.wake - b.wake))
      if (linkage.runs.includes(run)) this.#advance(linkage, run, this.#log.get(linkage.id, run.sequence));
    this.#dequeue(linkage);
    this.#arm(linkage);
    try {
      this.#settle();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends all that a linkage has under way. */
  #drop(linkage: ActiveLinkage, reason: LinkageErrorCode): void {
    for (const { sequence } of [...linkage.runs, ...linkage.queue])
      this.#log.end(linkage.id, sequence, "cancelled", reason);
    linkage.pending = null;
    linkage.runs = [];
    linkage.queue = [];
    this.#touch(linkage);
    this.#disarm(linkage);
  }

  /** Brings one linkage to what the newest block says of it. */
  #index(id: string): void {
    const record = this.#options.linkages.get(id);
    const active = record?.status === "active" ? record : undefined;
    const known = this.#active.get(id);
    if (known !== undefined && known.version === active?.version) return;
    if (known !== undefined) {
      this.#drop(known, active === undefined ? "linkage.not-active" : "linkage.version");
      this.#active.delete(id);
      for (const key of this.#things.remove(known)) this.#journal.put(key, null);
    }
    if (active === undefined) return;
    const linkage = new ActiveLinkage(active, this.#journal.get<KeptState>(stateKey(id)));
    this.#active.set(id, linkage);
    this.#things.add(linkage);
    if (linkage.isBusy) this.#busy.add(linkage);
  }

  /** Notes that a linkage's state must be written before anything else happens. */
  #touch(linkage: ActiveLinkage): void {
    this.#journal.put(stateKey(linkage.id), linkage);
    this.#urgent = true;
    if (linkage.isBusy) this.#busy.add(linkage);
    else this.#busy.delete(linkage);
  }

  #arm(linkage: ActiveLinkage): void {
    if (this.#state !== "running") return;
    const { due } = linkage;
    if (due === linkage.timerAt) return;
    this.#disarm(linkage);
    if (due === undefined) return;
    linkage.timerAt = due;
    const { clock } = this.#options;
    linkage.cancelTimer = clock.after(Math.max(0, due - clock.now()), () => this.#onTimer(linkage));
  }

  #disarm(linkage: ActiveLinkage): void {
    linkage.cancelTimer?.();
    linkage.cancelTimer = undefined;
    linkage.timerAt = undefined;
  }

  #problemOfSending(command: Command): LinkageErrorCode | undefined {
    return problemOfSending(command, this.#active.get(command.linkage), this.#options);
  }

  #settle(): void {
    if (this.#urgent || this.#journal.size >= MOST_DIRTY) this.#commit();
    else this.#journal.later(this.#journal.size > this.#cursors.size ? VALUES_MS : CURSORS_MS);
  }

  /** Writes, then sends: never the other way round. */
  #commit(): void {
    try {
      this.#journal.commit();
    } catch (error) {
      // Nothing may go out; the next write takes all of it along.
      this.#journal.later(VALUES_MS);
      throw error;
    }
    this.#urgent = false;
    if (this.#state !== "running") return;
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    for (const entry of outgoing) this.#outbox.add(entry);
  }

  #fail(error: unknown): void {
    this.#options.onError?.(error);
  }

  #isWaited(jti: string): boolean {
    return this.#outbox.has(jti) || this.#outgoing.some(({ command }) => command.jti === jti);
  }

  #takeReceipt(entry: OutboxEntry, token: string): boolean {
    const { members, devices } = this.#options;
    const receipt = isReceiptFor(entry, token, members, devices);
    if (receipt === undefined) return false;
    // Lost with a crash it is asked for again: the target answers a repeated command with its first receipt.
    this.#log.answer(entry.command.jti, receipt.outcome, receipt.reason, token);
    this.#journal.later(VALUES_MS);
    return true;
  }

  #restoreOutbox(): void {
    const { store, clock } = this.#options;
    const known = new Set(this.#outgoing.map(({ command }) => command.jti));
    for (const { key } of store.list("o/", { limit: this.#outboxLimit })) {
      const jti = key.slice(2);
      if (known.has(jti)) continue;
      const sent = this.#journal.get<SentCommand>(commandKey(jti));
      if (sent === undefined) {
        this.#journal.put(key, null);
        continue;
      }
      const { command } = decodeCommand(sent.token);
      const problem = this.#problemOfSending(command);
      if (problem !== undefined) this.#log.answer(jti, "refused", problem, undefined);
      else if (command.exp * 1000 <= clock.now()) this.#log.answer(jti, "timeout", "linkage.no-answer", undefined);
      else this.#outbox.add({ command, token: sent.token, sequence: sent.sequence });
    }
  }
}
