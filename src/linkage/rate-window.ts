/** How often something happened of late, in buckets of a second: small enough to be kept with every change. */
export class RateWindow {
  readonly #buckets: [second: number, count: number][];
  readonly #span: number;

  /**
   * @param span - seconds whose buckets count. A minute touches 61 of them: with 61 no minute ever has more than the limit, with
   * 59 two seconds of jitter on the way do not make a sender that keeps the limit appear to break it.
   */
  constructor(span: number, kept: readonly (readonly [number, number])[] = []) {
    this.#span = span;
    this.#buckets = kept.map(([second, count]) => [second, count]);
  }

  /** Counts one more at `now` (milliseconds), unless `limit` are in the window: then false. */
  take(now: number, limit: number): boolean {
    const second = Math.floor(now / 1000);
    while (this.#buckets.length > 0 && (this.#buckets[0] as [number, number])[0] <= second - this.#span)
      this.#buckets.shift();
    // A clock that had run far ahead would block until then: what it counted is taken as counted now.
    for (const bucket of this.#buckets) if (bucket[0] > second + this.#span) bucket[0] = second;
    let sum = 0;
    for (const [, count] of this.#buckets) sum += count;
    if (sum >= limit) return false;
    const last = this.#buckets.at(-1);
    // A clock that was set back counts into the newest bucket: never out of order, and never forgotten too early.
    if (last !== undefined && last[0] >= second) last[1]++;
    else this.#buckets.push([second, 1]);
    return true;
  }

  /** For keeping. */
  toJSON(): readonly (readonly [number, number])[] {
    return this.#buckets;
  }
}
