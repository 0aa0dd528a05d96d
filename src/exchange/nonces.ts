/** Nonces of releases. None is kept when it is given, only when it is used: asking for nonces costs the provider no memory. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Clock, canonicalJson, decodeBase64Url, encodeBase64Url, encodeUtf8, type Json } from "#base";
import type { Did } from "#protocol";
import { exchangeError } from "./errors.ts";

/** What a nonce is good for, and nothing else. */
export interface NonceUse {
  /** DID of the provider. */
  readonly audience: Did;
  readonly recipient: Did;
  readonly resource: Json;
}

export interface NonceLimits {
  /** How long a nonce is good for, seconds. */
  readonly seconds: number;
  /** Used ones remembered in all. */
  readonly used: number;
  /** Used ones remembered of one recipient: nobody takes the room of all others. */
  readonly usedOfOne: number;
}

export const NONCE_LIMITS: NonceLimits = { seconds: 120, used: 200_000, usedOfOne: 50_000 };

const RANDOM_BYTES = 16;
const TAG_BYTES = 16;

/**
 * Gives nonces and takes each one once: 16 random bytes, the second in which it runs out, and a tag (HMAC-SHA-256, cut to 128 bits) that binds
 * both to audience, recipient and resource. The key is this process's own, so what was given before a restart is good no more.
 */
export class Nonces {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;
  readonly #limits: NonceLimits;
  // By second of expiry: what has run out is dropped at once.
  readonly #used = new Map<number, Map<string, Did>>();
  readonly #ofOne = new Map<Did, number>();
  #size = 0;

  constructor(clock: Clock, limits: Partial<NonceLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...NONCE_LIMITS, ...limits };
  }

  /** How many used nonces are remembered. */
  get size(): number {
    return this.#size;
  }

  /** @returns the nonce, and until when it is good, seconds since 1970 */
  give(use: NonceUse): { readonly nonce: string; readonly exp: number } {
    const exp = Math.floor(this.#clock.now() / 1000) + this.#limits.seconds;
    const bytes = new Uint8Array(RANDOM_BYTES + 4 + TAG_BYTES);
    bytes.set(randomBytes(RANDOM_BYTES));
    new DataView(bytes.buffer).setUint32(RANDOM_BYTES, exp);
    bytes.set(this.#tag(bytes.subarray(0, RANDOM_BYTES + 4), use), RANDOM_BYTES + 4);
    return { nonce: encodeBase64Url(bytes), exp };
  }

  /**
   * Uses a nonce up.
   *
   * @throws HansaError `exchange.nonce`, `exchange.busy` where its use could not be remembered
   */
  use(nonce: string, use: NonceUse): void {
    const now = Math.floor(this.#clock.now() / 1000);
    this.#forget(now);
    const bytes = nonce.length > 64 ? undefined : decodeBase64Url(nonce);
    if (bytes?.length !== RANDOM_BYTES + 4 + TAG_BYTES) throw refuse();
    const told = bytes.subarray(0, RANDOM_BYTES + 4);
    if (!timingSafeEqual(this.#tag(told, use), bytes.subarray(RANDOM_BYTES + 4))) throw refuse();
    const exp = new DataView(bytes.buffer, bytes.byteOffset).getUint32(RANDOM_BYTES);
    if (exp <= now) throw refuse();
    const same = this.#used.get(exp);
    if (same?.has(nonce)) throw refuse();
    const mine = this.#ofOne.get(use.recipient) ?? 0;
    if (this.#size >= this.#limits.used || mine >= this.#limits.usedOfOne)
      throw exchangeError("exchange.busy", "more requests than can be remembered as used");
    if (same === undefined) this.#used.set(exp, new Map([[nonce, use.recipient]]));
    else same.set(nonce, use.recipient);
    this.#ofOne.set(use.recipient, mine + 1);
    this.#size++;
  }

  #tag(told: Uint8Array, { audience, recipient, resource }: NonceUse): Uint8Array {
    return createHmac("sha256", this.#key)
      .update(told)
      .update(encodeUtf8(canonicalJson([audience, recipient, resource])))
      .digest()
      .subarray(0, TAG_BYTES);
  }

  #forget(now: number): void {
    for (const [second, nonces] of this.#used) {
      if (second > now) continue;
      this.#used.delete(second);
      this.#size -= nonces.size;
      for (const recipient of nonces.values()) {
        const left = (this.#ofOne.get(recipient) ?? 1) - 1;
        if (left > 0) this.#ofOne.set(recipient, left);
        else this.#ofOne.delete(recipient);
      }
    }
  }
}

/** One refusal for all: whoever tries nonces learns nothing from it. */
function refuse() {
  return exchangeError("exchange.nonce", "the nonce is none of this provider's for this request, or is used up");
}
