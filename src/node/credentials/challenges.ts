import { createHmac, timingSafeEqual } from "node:crypto";
import { type Clock, concatBytes, decodeBase64Url, encodeBase64Url } from "#base";
import { randomBytes } from "#crypto";
import { credentialError } from "#identity";
import { type IssuedChallenge, VC_API_LIMITS } from "#protocol";
import { vcApiError } from "./errors.ts";

interface Waiting {
  readonly domain: string;
  /** Milliseconds. */
  readonly until: number;
}

const LIFE = VC_API_LIMITS.challengeSeconds * 1000;
const NONCE_BYTES = 16;
const TAG_BYTES = 16;

/**
 * Challenges of this node, each for one presentation to one domain. Those that wait are in memory alone; a tag tells the node's own from
 * those of callers for ever, so that one that was used, ran out, or was made before a restart is refused and not taken for a caller's.
 */
export class Challenges {
  readonly #clock: Clock;
  readonly #secret: Uint8Array;
  readonly #most: number;
  /** In the order in which they run out. */
  readonly #waiting = new Map<string, Waiting>();

  /** @param secret - the same after each start */
  constructor(clock: Clock, secret: Uint8Array, most: number = VC_API_LIMITS.challenges) {
    this.#clock = clock;
    this.#secret = secret;
    this.#most = most;
  }

  /** @throws HansaError `vc-api.busy` */
  create(domain: string): IssuedChallenge {
    const now = this.#clock.now();
    this.#forget(now);
    if (this.#waiting.size >= this.#most)
      throw vcApiError("vc-api.busy", "too many challenges wait for their presentation", { limit: this.#most });
    const nonce = randomBytes(NONCE_BYTES);
    const challenge = encodeBase64Url(concatBytes(nonce, this.#tagOf(nonce)));
    const until = now + LIFE;
    this.#waiting.set(challenge, { domain, until });
    return { challenge, domain, expires: Math.floor(until / 1000) };
  }

  /**
   * Uses a challenge up, before anything is verified: two presentations of it cannot both hold. One that was not made here is the caller's own,
   * and his to use once.
   *
   * @throws HansaError `credentials.challenge`, `credentials.domain`
   */
  use(challenge: string | undefined, domain: string | undefined): void {
    if (challenge === undefined || !this.#isOwn(challenge)) return;
    this.#forget(this.#clock.now());
    const waiting = this.#waiting.get(challenge);
    if (waiting === undefined)
      throw credentialError("credentials.challenge", "the challenge was used before, or ran out");
    this.#waiting.delete(challenge);
    if (domain !== waiting.domain)
      throw credentialError("credentials.domain", "the challenge was made for another domain", {
        domain: waiting.domain,
      });
  }

  #isOwn(challenge: string): boolean {
    const bytes = decodeBase64Url(challenge);
    if (bytes?.length !== NONCE_BYTES + TAG_BYTES) return false;
    return timingSafeEqual(this.#tagOf(bytes.subarray(0, NONCE_BYTES)), bytes.subarray(NONCE_BYTES));
  }

  #tagOf(nonce: Uint8Array): Uint8Array {
    return createHmac("sha256", this.#secret).update(nonce).digest().subarray(0, TAG_BYTES);
  }

  #forget(now: number): void {
    for (const [challenge, { until }] of this.#waiting) {
      if (until > now) return;
      this.#waiting.delete(challenge);
    }
  }
}
