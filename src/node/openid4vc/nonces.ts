import { createHmac, timingSafeEqual } from "node:crypto";
import { type Clock, concatBytes, decodeBase64Url, encodeBase64Url } from "#base";
import { randomBytes } from "#crypto";
import { openidError } from "#identity";
import { OPENID_LIMITS } from "#protocol";

const RANDOM = 16;
const TIME = 6;
const TAG = 16;
const LIFE = OPENID_LIMITS.nonceSeconds * 1000;

/**
 * Nonces for proofs of keys. Anybody may ask for one, so none is remembered: a nonce says itself until when it holds, under this node's seal.
 * Remembered are those that were used, which takes an access token.
 */
export class Nonces {
  readonly #clock: Clock;
  readonly #secret = randomBytes(32);
  /** In the order in which they were used, until they would have run out anyway. */
  readonly #used = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  create(): string {
    const until = Buffer.alloc(TIME);
    until.writeUIntBE(this.#clock.now() + LIFE, 0, TIME);
    const body = concatBytes(randomBytes(RANDOM), until);
    return encodeBase64Url(concatBytes(body, this.#tagOf(body)));
  }

  /** Uses a nonce up. @throws HansaError `openid.nonce` */
  use(nonce: string): void {
    const now = this.#clock.now();
    const bytes = decodeBase64Url(nonce);
    const body = bytes?.subarray(0, RANDOM + TIME);
    if (bytes?.length !== RANDOM + TIME + TAG || body === undefined)
      throw openidError("openid.nonce", "the nonce is not one of this node");
    if (!timingSafeEqual(this.#tagOf(body), bytes.subarray(RANDOM + TIME)))
      throw openidError("openid.nonce", "the nonce is not one of this node, or it was restarted since");
    const until = Buffer.from(body).readUIntBE(RANDOM, TIME);
    if (until <= now) throw openidError("openid.nonce", "the nonce ran out");
    if (this.#used.has(nonce)) throw openidError("openid.nonce", "the nonce was used before");
    this.#forget(now);
    this.#used.set(nonce, now + LIFE);
  }

  #tagOf(body: Uint8Array): Uint8Array {
    return createHmac("sha256", this.#secret).update(body).digest().subarray(0, TAG);
  }

  #forget(now: number): void {
    for (const [nonce, until] of this.#used) {
      if (until > now) return;
      this.#used.delete(nonce);
    }
  }
}
