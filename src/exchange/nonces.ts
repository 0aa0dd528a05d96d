/** Nonces of releases: each is good for one provider, recipient and resource, and once. */
import { type Clock, canonicalJson, encodeUtf8, type Json } from "#base";
import { Nonces } from "#crypto/node";
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

export class ReleaseNonces {
  readonly #nonces: Nonces;

  constructor(clock: Clock, limits: Partial<NonceLimits> = {}) {
    const { seconds, used, usedOfOne } = { ...NONCE_LIMITS, ...limits };
    this.#nonces = new Nonces(clock, { seconds, all: used, ofOne: usedOfOne });
  }

  /** How many used nonces are remembered. */
  get size(): number {
    return this.#nonces.size;
  }

  /** @returns the nonce, and until when it is good, seconds since 1970 */
  give(use: NonceUse): { readonly nonce: string; readonly exp: number } {
    return this.#nonces.give(bytesOf(use));
  }

  /**
   * Uses a nonce up.
   *
   * @throws HansaError `exchange.nonce`, `exchange.busy` where its use could not be remembered
   */
  use(nonce: string, use: NonceUse): void {
    const outcome = this.#nonces.use(nonce, bytesOf(use), use.recipient);
    if (outcome === "full") throw exchangeError("exchange.busy", "more requests than can be remembered as used");
    // One refusal for all: whoever tries nonces learns nothing from it.
    if (outcome !== "fresh")
      throw exchangeError("exchange.nonce", "the nonce is none of this provider's for this request, or is used up");
  }
}

function bytesOf({ audience, recipient, resource }: NonceUse): Uint8Array {
  return encodeUtf8(canonicalJson([audience, recipient, resource]));
}
