/** Which request tokens were used: each works once, for as long as it would be taken otherwise. */

export interface RequestMemoryLimits {
  /** Tokens remembered in all. */
  readonly tokens: number;
  /** Tokens remembered of one DID: nobody takes the room of all others. */
  readonly tokensOfOne: number;
}

export const REQUEST_MEMORY: RequestMemoryLimits = { tokens: 200_000, tokensOfOne: 50_000 };

export class RequestMemory {
  readonly #limits: RequestMemoryLimits;
  // By second of expiry: what has run out is dropped at once, without a look at the rest.
  readonly #bySecond = new Map<number, Set<string>>();
  readonly #ofDid = new Map<string, number>();
  #size = 0;

  constructor(limits: RequestMemoryLimits = REQUEST_MEMORY) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Uses a token up.
   *
   * @param exp - when it runs out, seconds
   * @param now - seconds
   * @returns `used` where it was before, `full` where it cannot be remembered and therefore must not be taken
   */
  use(did: string, jti: string, exp: number, now: number): "fresh" | "used" | "full" {
    this.#forget(now);
    const key = `${did} ${jti}`;
    const same = this.#bySecond.get(exp);
    if (same?.has(key)) return "used";
    const mine = this.#ofDid.get(did) ?? 0;
    if (this.#size >= this.#limits.tokens || mine >= this.#limits.tokensOfOne) return "full";
    if (same === undefined) this.#bySecond.set(exp, new Set([key]));
    else same.add(key);
    this.#ofDid.set(did, mine + 1);
    this.#size++;
    return "fresh";
  }

  #forget(now: number): void {
    // At most a few minutes' worth of seconds: tokens live for one.
    for (const [second, keys] of this.#bySecond) {
      if (second > now) continue;
      this.#bySecond.delete(second);
      this.#size -= keys.size;
      for (const key of keys) {
        const did = key.slice(0, key.indexOf(" "));
        const left = (this.#ofDid.get(did) ?? 1) - 1;
        if (left > 0) this.#ofDid.set(did, left);
        else this.#ofDid.delete(did);
      }
    }
  }
}
