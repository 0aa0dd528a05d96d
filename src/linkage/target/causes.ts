/**
 * Which command stands behind an event. A device that was just told to do something reports what came of it; whoever logs that report
 * stamps it with the command's id and hops, so that chains of linkages can be counted and cut. What a device reports within the window
 * counts as caused: rather one cause too many than a loop that nobody sees.
 */
import { Lru } from "#base";

export interface Cause {
  /** Id of the command. */
  readonly cause: string;
  readonly hops: number;
}

export class RecentCauses {
  readonly #windowMs: number;
  readonly #devices: Lru<string, Cause & { readonly until: number }>;

  constructor(windowMs = 10_000, devices = 100_000) {
    this.#windowMs = windowMs;
    this.#devices = new Lru(devices);
  }

  note(device: string, cause: Cause, now: number): void {
    const known = this.#devices.get(device);
    // Of two commands at once the one with more behind it counts: hops must never shrink.
    const hops = known !== undefined && known.until > now ? Math.max(known.hops, cause.hops) : cause.hops;
    this.#devices.set(device, { cause: cause.cause, hops, until: now + this.#windowMs });
  }

  of(device: string, now: number): Cause | undefined {
    const known = this.#devices.get(device);
    return known === undefined || known.until <= now ? undefined : { cause: known.cause, hops: known.hops };
  }
}
