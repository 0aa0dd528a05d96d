/**
 * Takes commands at the target's side, checks them against this node's own replica, lets the device act once, and answers with a
 * signed receipt. «Started» is stored before the device hears of it: after a crash in between nobody knows whether it acted, so the
 * command ends as failed (`linkage.interrupted`) and is never tried a second time.
 */

import type { Clock } from "#base";
import type { Signer } from "#crypto";
import { type DurableMap, decodeRecord, encodeRecord } from "#events";
import { type Command, type CommandOutcome, type CommandReceipt, decodeCommand, signCommandReceipt } from "#protocol";
import { type LinkageErrorCode, linkageError } from "../errors.ts";
import type { ActOutcome, DeviceActor, DeviceFacts, LinkageView, MemberFacts } from "../needs.ts";
import { RateWindow } from "../rate-window.ts";
import { digestOfToken } from "../receipts/check-receipt.ts";
import type { ReceiptBatches } from "../receipts/receipt-batches.ts";
import { type Cause, RecentCauses } from "./causes.ts";
import { authenticateCommand, type CommandRules, problemOfCommand, problemOfTime } from "./check-command.ts";
import { RememberedCommands } from "./remembered-commands.ts";

export interface TargetOptions {
  /** Id of the group. */
  readonly group: string;
  /** The member whose node this is, and the key with which it signs receipts. */
  readonly member: string;
  readonly kid: string;
  readonly signer: Signer;
  /** The same namespace as that of `receipts`: both write in one batch. */
  readonly store: DurableMap;
  readonly clock: Clock;
  readonly linkages: LinkageView;
  readonly devices: DeviceFacts;
  readonly members: MemberFacts;
  readonly actor: DeviceActor;
  readonly receipts: ReceiptBatches;
  /** How long a device may take, seconds; 10 by default. */
  readonly actSeconds?: number;
  /** Longest life of a command, seconds; 300 by default. */
  readonly lifeSeconds?: number;
  /** How far ahead `iat` may lie, seconds; 5 by default. */
  readonly skewSeconds?: number;
  /** How long after its expiry a command is remembered, seconds; 600 by default. */
  readonly windowSeconds?: number;
  /** Commands that are remembered at most; 200,000 by default. */
  readonly remembered?: number;
  /** How long a command of a version that this replica does not have yet waits for the block, milliseconds; 2,000 by default. */
  readonly lagMs?: number;
  /** Hears of a store that fails in a timer. */
  readonly onError?: (error: unknown) => void;
}

const INTERRUPTED: ActOutcome = { outcome: "failed", reason: "linkage.interrupted" };
const PRUNE_MS = 10_000;
const MOST_LAGGING = 1000;

export class CommandTarget {
  readonly #options: TargetOptions;
  readonly #rules: CommandRules;
  readonly #remembered: RememberedCommands;
  readonly #limit: number;
  readonly #flying = new Map<string, Promise<string>>();
  readonly #rates = new Map<string, RateWindow>();
  readonly #causes = new RecentCauses();
  readonly #lagging = new Set<() => void>();
  #cancelPrune: (() => void) | undefined;
  #stopped = false;

  /** Ends what a crash interrupted, each with its receipt, before anything new is taken. */
  constructor(options: TargetOptions) {
    this.#options = options;
    const { lifeSeconds = 300, skewSeconds = 5, windowSeconds = 600 } = options;
    this.#rules = { ...options, lifeSeconds, skewSeconds };
    this.#limit = options.remembered ?? 200_000;
    this.#remembered = new RememberedCommands(options.store, windowSeconds);
    for (const { key, kept } of this.#remembered.restore()) {
      const { command } = decodeCommand(kept.token);
      this.#finish(key, kept.token, command, INTERRUPTED, true);
    }
    this.#schedulePrune();
  }

  /**
   * Takes a command's token and answers the receipt's. The same command again, after a restart too, gets its first receipt.
   *
   * @throws HansaError `linkage.malformed`, `linkage.unauthenticated`, `linkage.audience`: no receipt for what nobody signed;
   * `linkage.target-full`, `linkage.stopped`; what the store throws
   * @example
   * ```ts
   * const receipt = await target.receive(token);
   * decodeCommandReceipt(receipt).receipt.outcome; // "done"
   * ```
   */
  async receive(token: string): Promise<string> {
    const command = authenticateCommand(token, this.#rules);
    const key = RememberedCommands.keyOf(command);
    // From here to the first await nothing can come between: two copies of a command meet in `#flying`.
    const flying = this.#flying.get(key);
    if (flying !== undefined) return flying;
    const kept = this.#remembered.get(key);
    if (kept?.receipt !== undefined) return kept.receipt;
    if (this.#stopped) throw linkageError("linkage.stopped", "this node is stopping");
    // Started, not under way and without a receipt: its end could not be stored. It is over all the same.
    if (kept !== undefined) return this.#finish(key, kept.token, command, INTERRUPTED, true);
    const handled = this.#handle(key, token, command);
    this.#flying.set(key, handled);
    try {
      return await handled;
    } finally {
      this.#flying.delete(key);
    }
  }

  /** Must hear of every block: commands of a version that was not there yet are looked at again. */
  onBlock(): void {
    for (const look of [...this.#lagging]) look();
  }

  /** The command that stands behind what a device reports now: for `hansahops` and `hansacause` of its events. */
  causeOf(device: string): Cause | undefined {
    return this.#causes.of(device, this.#options.clock.now());
  }

  /** Takes nothing new. What a device is doing ends with its receipt where the process lives long enough. */
  stop(): void {
    this.#stopped = true;
    this.#cancelPrune?.();
    for (const look of [...this.#lagging]) look();
  }

  async #handle(key: string, token: string, command: Command): Promise<string> {
    const { clock } = this.#options;
    const time = problemOfTime(command, clock.now(), this.#rules);
    // Not remembered: time refuses it every time, and a flood of old commands must not fill the store.
    if (time !== undefined) return this.#sign(token, command, "refused", time);
    if (this.#isAhead(command)) await this.#waitForBlock(command);
    if (this.#stopped) throw linkageError("linkage.stopped", "this node is stopping");
    const now = clock.now();
    const problem = problemOfTime(command, now, this.#rules) ?? problemOfCommand(command, now, this.#rules);
    if (this.#remembered.size >= this.#limit)
      throw linkageError("linkage.target-full", "too many commands are remembered", { limit: this.#limit });
    if (problem !== undefined) return this.#refuse(key, token, command, problem);
    const rate = this.#rateOf(command);
    if (!rate.window.take(now, rate.limit)) return this.#refuse(key, token, command, "linkage.rate");
    this.#options.store.batch([
      this.#remembered.change(key, { token, exp: command.exp }),
      { key: rate.key, value: encodeRecord(rate.window) },
    ]);
    this.#remembered.noted(key, command.exp);
    this.#causes.note(command.sub, { cause: command.jti, hops: command.hops }, now);
    const outcome = await this.#act(command);
    return this.#finish(key, token, command, outcome, true);
  }

  #refuse(key: string, token: string, command: Command, reason: LinkageErrorCode): string {
    const receipt = this.#finish(key, token, command, { outcome: "refused", reason }, this.#isOurs(command));
    this.#remembered.noted(key, command.exp);
    return receipt;
  }

  /** Whether the linkage binds sender and target: a stranger's refused command is answered, and never anchored. */
  #isOurs(command: Command): boolean {
    const { linkages, devices, member } = this.#options;
    const contract = linkages.get(command.linkage)?.contract;
    return (
      contract !== undefined &&
      devices.operatorOf(contract.trigger.device) === command.iss &&
      devices.operatorOf(command.sub) === member &&
      contract.actions.some((action) => "device" in action && action.device === command.sub)
    );
  }

  /** Signs the receipt and stores it, for repeats and, where it is to be anchored, for its batch, at once. */
  #finish(key: string, token: string, command: Command, { outcome, reason }: ActOutcome, anchored: boolean): string {
    const receipt = this.#sign(token, command, outcome, reason);
    const { receipts, store } = this.#options;
    const entry = { command: token, receipt, jti: command.jti, linkage: command.linkage, outcome };
    const enlisted = anchored ? receipts.enlist(entry) : undefined;
    const kept = this.#remembered.change(key, { token, exp: command.exp, receipt });
    store.batch([kept, ...(enlisted?.changes ?? [])]);
    enlisted?.done();
    return receipt;
  }

  #sign(token: string, command: Command, outcome: CommandOutcome, reason: string | undefined): string {
    const { member, kid, signer, clock } = this.#options;
    const receipt: CommandReceipt = {
      jti: command.jti,
      iss: member,
      device: command.sub,
      linkage: command.linkage,
      outcome,
      ...(reason === undefined ? {} : { reason: reason.slice(0, 200) }),
      command: digestOfToken(token),
      iat: Math.floor(clock.now() / 1000),
    };
    return signCommandReceipt(receipt, kid, signer);
  }

  /** A device has its time; what it says after that is not heard. */
  #act(command: Command): Promise<ActOutcome> {
    const { actor, clock, actSeconds = 10 } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.after(actSeconds * 1000, () =>
        resolve({ outcome: "timeout", reason: "linkage.device-timeout" }),
      );
      const fail = () => {
        cancel();
        resolve({ outcome: "failed", reason: "linkage.device-error" });
      };
      try {
        actor.act(command.sub, command).then((outcome) => {
          cancel();
          // The window in which reports count as caused begins when the device is through.
          this.#causes.note(command.sub, { cause: command.jti, hops: command.hops }, clock.now());
          resolve(outcome);
        }, fail);
      } catch {
        fail();
      }
    });
  }

  /** Each step may come as often a minute as the linkage may run, whatever its version. */
  #rateOf({ linkage, step }: Command): { key: string; window: RateWindow; limit: number } {
    const limit = this.#options.linkages.get(linkage)?.contract.limits.perMinute ?? 0;
    const key = `w/${linkage}/${step}`;
    let window = this.#rates.get(key);
    if (window === undefined) {
      window = new RateWindow(59, decodeRecord<[number, number][]>(this.#options.store.get(key)));
      this.#rates.set(key, window);
    }
    return { key, window, limit };
  }

  /** Whether the sender has seen a block that this replica has not. */
  #isAhead(command: Command): boolean {
    const record = this.#options.linkages.get(command.linkage);
    return record === undefined || record.version < command.version;
  }

  #waitForBlock(command: Command): Promise<void> {
    if (this.#lagging.size >= MOST_LAGGING) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        this.#lagging.delete(look);
        cancel();
        resolve();
      };
      const look = () => {
        if (this.#stopped || !this.#isAhead(command)) end();
      };
      const cancel = this.#options.clock.after(this.#options.lagMs ?? 2000, end);
      this.#lagging.add(look);
    });
  }

  #schedulePrune(): void {
    this.#cancelPrune = this.#options.clock.after(PRUNE_MS, () => {
      try {
        this.#remembered.prune(this.#options.clock.now());
      } catch (error) {
        this.#options.onError?.(error);
      }
      if (!this.#stopped) this.#schedulePrune();
    });
  }
}
