/** Nonces that say themselves until when they hold. None is kept when it is given, only when it is used: asking for nonces costs no memory. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Clock, decodeBase64Url, encodeBase64Url, UsedOnce, type UsedOnceLimits } from "#base";

export interface NonceOptions extends UsedOnceLimits {
  /** How long a nonce is good for, seconds. */
  readonly seconds: number;
}

const RANDOM_BYTES = 16;
const TAG_AT = RANDOM_BYTES + 4;
const TAG_BYTES = 16;
const BYTES = TAG_AT + TAG_BYTES;

/**
 * Gives nonces and takes each one once: 16 random bytes, the second in which it runs out, and a tag (HMAC-SHA-256, cut to 128 bits) that binds
 * both to what it is for. The key is this process's own, so what was given before a restart is good no more.
 */
export class Nonces {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;
  readonly #seconds: number;
  readonly #used: UsedOnce;

  constructor(clock: Clock, options: NonceOptions) {
    this.#clock = clock;
    this.#seconds = options.seconds;
    this.#used = new UsedOnce(options);
  }

  /** How many used nonces are remembered. */
  get size(): number {
    return this.#used.size;
  }

  /**
   * @param use - what the nonce is good for, and nothing else
   * @returns the nonce, and until when it is good, seconds since 1970
   */
  give(use: Uint8Array): { readonly nonce: string; readonly exp: number } {
    const exp = Math.floor(this.#clock.now() / 1000) + this.#seconds;
    const bytes = new Uint8Array(BYTES);
    bytes.set(randomBytes(RANDOM_BYTES));
    new DataView(bytes.buffer).setUint32(RANDOM_BYTES, exp);
    bytes.set(this.#tag(bytes.subarray(0, TAG_AT), use), TAG_AT);
    return { nonce: encodeBase64Url(bytes), exp };
  }

  /**
   * Uses a nonce up.
   *
   * @returns `fresh` where it is good; `unknown` where it was not given by this process for this use; `full` where its use could not be
   * remembered, so that it must not be taken
   */
  use(nonce: string, use: Uint8Array, party?: string): "fresh" | "unknown" | "expired" | "used" | "full" {
    const now = Math.floor(this.#clock.now() / 1000);
    const bytes = nonce.length > 64 ? undefined : decodeBase64Url(nonce);
    if (bytes?.length !== BYTES) return "unknown";
    const told = bytes.subarray(0, TAG_AT);
    if (!timingSafeEqual(this.#tag(told, use), bytes.subarray(TAG_AT))) return "unknown";
    const exp = new DataView(bytes.buffer, bytes.byteOffset).getUint32(RANDOM_BYTES);
    return exp <= now ? "expired" : this.#used.use(nonce, exp, now, party);
  }

  #tag(told: Uint8Array, use: Uint8Array): Uint8Array {
    return createHmac("sha256", this.#key).update(told).update(use).digest().subarray(0, TAG_BYTES);
  }
}
