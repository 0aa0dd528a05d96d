/** What was used up: tokens, nonces, challenges. Each works once, and is remembered for as long as it would be taken otherwise. */

export interface UsedOnceLimits {
  /** Remembered in all. */
  readonly all: number;
  /** Remembered of one party: nobody takes the room of all others. No limit of its own where left out. */
  readonly ofOne?: number;
}

/** Memory of one process: what is forgotten with it must not be taken by the next. */
export class UsedOnce {
  readonly #all: number;
  readonly #ofOne: number;
  // By second of expiry, each name with its party: what has run out is dropped at once, without a look at the rest.
  readonly #bySecond = new Map<number, Map<string, string>>();
  readonly #ofParty = new Map<string, number>();
  #size = 0;

  constructor({ all, ofOne = all }: UsedOnceLimits) {
    this.#all = all;
    this.#ofOne = ofOne;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Uses something up.
   *
   * @param name - unique among what runs out in the same second
   * @param until - when it runs out, seconds
   * @param now - seconds
   * @returns `used` where it was before, `full` where it cannot be remembered and therefore must not be taken
   */
  use(name: string, until: number, now: number, party = ""): "fresh" | "used" | "full" {
    this.#forget(now);
    const same = this.#bySecond.get(until);
    if (same?.has(name)) return "used";
    const mine = this.#ofParty.get(party) ?? 0;
    if (this.#size >= this.#all || mine >= this.#ofOne) return "full";
    if (same === undefined) this.#bySecond.set(until, new Map([[name, party]]));
    else same.set(name, party);
    this.#ofParty.set(party, mine + 1);
    this.#size++;
    return "fresh";
  }

  #forget(now: number): void {
    // As many seconds as what is used lives for: minutes.
    for (const [second, names] of this.#bySecond) {
      if (second > now) continue;
      this.#bySecond.delete(second);
      this.#size -= names.size;
      for (const party of names.values()) {
        const left = (this.#ofParty.get(party) ?? 1) - 1;
        if (left > 0) this.#ofParty.set(party, left);
        else this.#ofParty.delete(party);
      }
    }
  }
}
