/** Time as a part that is handed in, so that tests own it and `ledger` never sees it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Calls back once, `ms` from now; the answer cancels. */
  after(ms: number, run: () => void): () => void;
}

declare const setTimeout: (run: () => void, ms: number) => { unref?: () => void };
declare const clearTimeout: (handle: unknown) => void;

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    // setTimeout holds at most 2^31-1 ms; a longer wait is renewed, otherwise it would fire at once.
    let left = ms;
    let handle: { unref?: () => void };
    const arm = () => {
      const step = Math.min(left, 0x7fffffff);
      left -= step;
      handle = setTimeout(() => (left > 0 ? arm() : run()), step);
      handle.unref?.();
    };
    arm();
    return () => clearTimeout(handle);
  },
};

/** A clock that moves only when told to: for tests, and for replaying. Timers fire in order of their time. */
export class ManualClock implements Clock {
  #now: number;
  #order = 0;
  #timers: { at: number; order: number; run: () => void }[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time on by `ms`, firing what falls due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((t) => t !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
  }
}
