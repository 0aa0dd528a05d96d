/** Upper bounds of the buckets, milliseconds. */
const BOUNDS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/** Counts durations in buckets, cheaply: one comparison a bucket, nothing kept of single ones. */
export class Latencies {
  readonly #counts = new Array<number>(BOUNDS.length + 1).fill(0);
  #sum = 0;

  /** @param ms - milliseconds */
  add(ms: number): void {
    const at = BOUNDS.findIndex((bound) => ms <= bound);
    const bucket = at < 0 ? BOUNDS.length : at;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += ms;
  }

  /** As a Prometheus histogram has it, in seconds: how many took at most so long. The last bucket holds all. */
  buckets(): { readonly atMost: number; readonly count: number }[] {
    let count = 0;
    return this.#counts.map((own, i) => {
      count += own;
      return { atMost: (BOUNDS[i] ?? Number.POSITIVE_INFINITY) / 1000, count };
    });
  }

  get sum(): number {
    return this.#sum / 1000;
  }
}
