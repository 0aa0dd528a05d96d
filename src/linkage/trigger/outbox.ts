/** Commands that wait for their receipt. They were stored before they came here; each is sent until it is answered or expires. */
import { BoundedQueue, type Clock } from "#base";
import type { Command } from "#protocol";
import type { CommandChannel } from "../needs.ts";

export interface OutboxEntry {
  readonly command: Command;
  readonly token: string;
  /** The run's number. */
  readonly sequence: number;
}

export interface OutboxOptions {
  readonly clock: Clock;
  readonly channel: CommandChannel;
  /** Takes an answer; false where it is not a receipt for this command, and another must be asked for. */
  readonly answered: (entry: OutboxEntry, receipt: string) => boolean;
  /** No answer came before the command expired. */
  readonly expired: (entry: OutboxEntry) => void;
  /** Most commands that wait. */
  readonly limit: number;
  /** Most that are on their way at once. */
  readonly width: number;
  /** How long one attempt may take, milliseconds. */
  readonly attemptMs: number;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;

interface Waiting extends OutboxEntry {
  attempts: number;
  cancel: (() => void) | undefined;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #entries = new Map<string, Waiting>();
  readonly #queue: BoundedQueue<Waiting>;
  #flying = 0;
  #stopped = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    // Retries queue up beside first attempts, each entry at most once.
    this.#queue = new BoundedQueue(options.limit * 2);
  }

  get size(): number {
    return this.#entries.size;
  }

  has(jti: string): boolean {
    return this.#entries.has(jti);
  }

  entries(): Iterable<OutboxEntry> {
    return this.#entries.values();
  }

  add(entry: OutboxEntry): void {
    const waiting: Waiting = { ...entry, attempts: 0, cancel: undefined };
    this.#entries.set(entry.command.jti, waiting);
    this.#enqueue(waiting);
  }

  /** Nothing of it is sent any more, and an answer that still comes is not taken. */
  remove(jti: string): void {
    const entry = this.#entries.get(jti);
    entry?.cancel?.();
    this.#entries.delete(jti);
  }

  stop(): void {
    this.#stopped = true;
    for (const entry of this.#entries.values()) entry.cancel?.();
    this.#entries.clear();
  }

  #enqueue(entry: Waiting): void {
    if (!this.#queue.push(entry)) entry.cancel = this.#options.clock.after(FIRST_PAUSE_MS, () => this.#enqueue(entry));
    this.#pump();
  }

  #pump(): void {
    while (this.#flying < this.#options.width) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      if (this.#entries.get(entry.command.jti) === entry) this.#attempt(entry);
    }
  }

  #attempt(entry: Waiting): void {
    const { clock, channel, attemptMs } = this.#options;
    const left = entry.command.exp * 1000 - clock.now();
    if (left <= 0) {
      this.#expire(entry);
      return;
    }
    entry.attempts++;
    this.#flying++;
    let landed = false;
    const land = (): boolean => {
      if (landed) return false;
      landed = true;
      this.#flying--;
      return true;
    };
    entry.cancel = clock.after(Math.min(attemptMs, left), () => {
      if (land()) this.#retry(entry);
      this.#pump();
    });
    let sent: Promise<string>;
    try {
      sent = channel.send(entry.token, entry.command);
    } catch (error) {
      sent = Promise.reject(error);
    }
    sent.then(
      (receipt) => this.#settle(entry, land(), receipt),
      () => this.#settle(entry, land(), undefined),
    );
  }

  /** An answer counts even when its attempt had been given up, as long as the command still waits. */
  #settle(entry: Waiting, wasFlying: boolean, receipt: string | undefined): void {
    if (!this.#stopped && this.#entries.get(entry.command.jti) === entry) {
      if (receipt !== undefined && this.#options.answered(entry, receipt)) this.remove(entry.command.jti);
      else if (wasFlying) this.#retry(entry);
    }
    this.#pump();
  }

  #retry(entry: Waiting): void {
    if (this.#stopped || this.#entries.get(entry.command.jti) !== entry) return;
    entry.cancel?.();
    const { clock } = this.#options;
    const left = entry.command.exp * 1000 - clock.now();
    if (left <= 0) {
      this.#expire(entry);
      return;
    }
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (entry.attempts - 1), LONGEST_PAUSE_MS, left);
    entry.cancel = clock.after(pause, () => this.#enqueue(entry));
  }

  #expire(entry: Waiting): void {
    this.remove(entry.command.jti);
    this.#options.expired(entry);
  }
}
