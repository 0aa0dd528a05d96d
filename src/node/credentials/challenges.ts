import { createHmac, timingSafeEqual } from "node:crypto";
import { type Clock, concatBytes, decodeBase64Url, encodeBase64Url, encodeUtf8, UsedOnce } from "#base";
import { randomBytes } from "#crypto";
import { credentialError } from "#identity";
import { type IssuedChallenge, VC_API_LIMITS } from "#protocol";
import { vcApiError } from "./errors.ts";

const LIFE = VC_API_LIMITS.challengeSeconds * 1000;
// What is in a challenge: process that made it, nonce, end (seconds), whom it is for, and a tag over all that.
const EPOCH = 6;
const NONCE = 12;
const END = 4;
const DOMAIN = 8;
const TAG = 16;
const BODY = EPOCH + NONCE + END + DOMAIN;

/**
 * Challenges of this node, each for one presentation to one domain. Making one costs no memory, so that nobody can use it up; those that were used
 * are kept until they would have run out anyway. The tag tells the node's own from those of callers for ever: one that ran out, or was made before a
 * restart, when nobody knows any more whether it was used, is refused and not taken for a caller's.
 */
export class Challenges {
  readonly #clock: Clock;
  readonly #secret: Uint8Array;
  readonly #most: number;
  readonly #epoch = randomBytes(EPOCH);
  readonly #used: UsedOnce;

  /** @param secret - the same after each start */
  constructor(clock: Clock, secret: Uint8Array, most: number = VC_API_LIMITS.challenges) {
    this.#clock = clock;
    this.#secret = secret;
    this.#most = most;
    this.#used = new UsedOnce({ all: most });
  }

  create(domain: string): IssuedChallenge {
    const expires = Math.floor((this.#clock.now() + LIFE) / 1000);
    const end = new Uint8Array(END);
    new DataView(end.buffer).setUint32(0, expires);
    const nonce = randomBytes(NONCE);
    const body = concatBytes(
      this.#epoch,
      nonce,
      end,
      this.#mark("domain", concatBytes(nonce, encodeUtf8(domain)), DOMAIN),
    );
    return { challenge: encodeBase64Url(concatBytes(body, this.#mark("challenge", body, TAG))), domain, expires };
  }

  /**
   * Uses a challenge up, before anything is verified: two presentations of it cannot both hold. One that was not made here is the caller's own,
   * and his to use once.
   *
   * @throws HansaError `credentials.challenge`, `credentials.domain`, `vc-api.busy`
   */
  use(challenge: string | undefined, domain: string | undefined): void {
    const body = challenge === undefined ? undefined : this.#open(challenge);
    if (challenge === undefined || body === undefined) return;
    const now = Math.floor(this.#clock.now() / 1000);
    const expires = new DataView(body.buffer, body.byteOffset + EPOCH + NONCE, END).getUint32(0);
    const isOfBefore = !timingSafeEqual(body.subarray(0, EPOCH), this.#epoch);
    const outcome = isOfBefore || now >= expires ? "used" : this.#used.use(challenge, expires, now);
    if (outcome === "used") throw credentialError("credentials.challenge", "the challenge was used before, or ran out");
    if (outcome === "full")
      throw vcApiError("vc-api.busy", "too many challenges were used in the last minutes", { limit: this.#most });
    const nonce = body.subarray(EPOCH, EPOCH + NONCE);
    const wanted = this.#mark("domain", concatBytes(nonce, encodeUtf8(domain ?? "")), DOMAIN);
    if (domain === undefined || !timingSafeEqual(wanted, body.subarray(BODY - DOMAIN)))
      throw credentialError("credentials.domain", "the challenge was made for another domain");
  }

  /** What a challenge says; `undefined` where it is none of this node's. */
  #open(challenge: string): Uint8Array | undefined {
    const bytes = decodeBase64Url(challenge);
    if (bytes?.length !== BODY + TAG) return undefined;
    const body = bytes.subarray(0, BODY);
    return timingSafeEqual(this.#mark("challenge", body, TAG), bytes.subarray(BODY)) ? body : undefined;
  }

  #mark(use: string, data: Uint8Array, length: number): Uint8Array {
    return createHmac("sha256", this.#secret).update(`${use}\0`).update(data).digest().subarray(0, length);
  }
}
