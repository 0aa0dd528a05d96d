import { isIPv6 } from "node:net";
import type { Clock } from "#base";
import type { GateLimits } from "./limits.ts";

const WINDOW_MS = 10_000;
/** Addresses that are remembered in a window. Where there are more, those that are not wait for the next. */
const MOST_ADDRESSES = 4096;

/** Bounds handshakes: what strangers can cost before anything is known of them. */
export class Doorkeeper {
  readonly #limits: GateLimits;
  readonly #clock: Clock;
  readonly #open = new Map<string, number>();
  readonly #begun = new Map<string, number>();
  #windowFrom = 0;
  #handshakes = 0;

  constructor(limits: GateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Handshakes under way. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /** Lets a handshake begin; the answer, called once it has ended either way, makes room. `undefined`: too many. */
  enter(remoteAddress: string): (() => void) | undefined {
    const address = networkOf(remoteAddress);
    const open = this.#open.get(address) ?? 0;
    if (!this.#isWithinRate(address)) return undefined;
    if (this.#handshakes >= this.#limits.handshakes || open >= this.#limits.handshakesPerAddress) return undefined;
    this.#handshakes++;
    this.#open.set(address, open + 1);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#handshakes--;
      const left = (this.#open.get(address) ?? 1) - 1;
      if (left === 0) this.#open.delete(address);
      else this.#open.set(address, left);
    };
  }

  #isWithinRate(address: string): boolean {
    const now = this.#clock.now();
    if (Math.abs(now - this.#windowFrom) >= WINDOW_MS) {
      this.#windowFrom = now;
      this.#begun.clear();
    }
    const begun = this.#begun.get(address) ?? 0;
    if (begun >= this.#limits.handshakeRate || (begun === 0 && this.#begun.size >= MOST_ADDRESSES)) return false;
    this.#begun.set(address, begun + 1);
    return true;
  }
}

/** An IPv4 address, or the /64 of an IPv6 one: within it a host can have as many as it likes. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [left = "", right] = address.replace(/%.*$/, "").split("::");
  const groups = left === "" ? [] : left.split(":");
  if (right !== undefined) {
    const tail = right === "" ? [] : right.split(":");
    // A dotted end stands for two groups.
    const length = tail.length + (tail.at(-1)?.includes(".") ? 1 : 0);
    while (groups.length + length < 8) groups.push("0");
    groups.push(...tail);
  }
  return groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""))
    .join(":");
}
