import type { Clock } from "#base";
import { Nonces } from "#crypto/node";
import { openidError } from "#identity";
import { OPENID_LIMITS } from "#protocol";

/** Used ones that are remembered: to use one takes an access token. */
const MOST = 200_000;
/** They are for whoever has a token: of one alone nothing is known when he asks for one. */
const ANY = new Uint8Array(0);
const REFUSED = {
  unknown: "the nonce is not one of this node, or it was restarted since",
  expired: "the nonce ran out",
  used: "the nonce was used before",
};

/** Nonces for proofs of keys. */
export class ProofNonces {
  readonly #nonces: Nonces;

  constructor(clock: Clock) {
    this.#nonces = new Nonces(clock, { seconds: OPENID_LIMITS.nonceSeconds, all: MOST });
  }

  create(): string {
    return this.#nonces.give(ANY).nonce;
  }

  /** Uses a nonce up. @throws HansaError `openid.nonce`, `openid.busy` */
  use(nonce: string): void {
    const outcome = this.#nonces.use(nonce, ANY);
    if (outcome === "full") throw openidError("openid.busy", "too many nonces were used of late", { limit: MOST });
    if (outcome !== "fresh") throw openidError("openid.nonce", REFUSED[outcome]);
  }
}
