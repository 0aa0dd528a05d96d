import { Oauth2AuthorizationServer } from "@openid4vc/oauth2";
import type { Clock } from "#base";
import { type OpenidCallbacks, openidError, sentenceOf } from "#identity";

/** How old a proof may be and how far ahead its clock, milliseconds. */
const AGE = 300_000;
const SKEW = 60_000;
/** Most proofs that are remembered. */
const MOST = 100_000;
export const DPOP_ALGS = ["ES256", "EdDSA", "ES384", "ES256K"];

export interface DpopRequest {
  /** The `DPoP` header. */
  readonly proof: string;
  /** Whole address of the endpoint. */
  readonly url: string;
  readonly accessToken?: string;
}

/** Proofs of possession of OAuth clients (RFC 9449). */
export class DpopProofs {
  readonly #clock: Clock;
  readonly #library: Oauth2AuthorizationServer;
  /** `jti` of proofs that were taken, in the order in which they came. */
  readonly #used = new Map<string, number>();

  constructor(clock: Clock, callbacks: OpenidCallbacks) {
    this.#clock = clock;
    this.#library = new Oauth2AuthorizationServer({ callbacks });
  }

  /**
   * Verifies a proof.
   *
   * @returns thumbprint of its key, and what notes that it was used: to be called once the request is one that counts
   * @throws HansaError `openid.dpop`
   */
  async verify({ proof, url, accessToken }: DpopRequest): Promise<{ readonly jkt: string; use(): void }> {
    const now = this.#clock.now();
    const { payload, jwkThumbprint: jkt } = await this.#library
      .verifyDpopJwt({
        dpopJwt: proof,
        request: { method: "POST", url, headers: new Headers() },
        allowedSigningAlgs: DPOP_ALGS,
        now: new Date(now),
        ...(accessToken === undefined ? {} : { accessToken }),
      })
      .catch((error: unknown) => {
        throw openidError("openid.dpop", sentenceOf(error), {}, error);
      });
    const made = payload.iat * 1000;
    if (made > now + SKEW || made < now - AGE) throw openidError("openid.dpop", "the DPoP proof is not of now");
    const name = `${jkt} ${payload.jti}`;
    return {
      jkt,
      use: () => {
        for (const [known, until] of this.#used) {
          if (until > now) break;
          this.#used.delete(known);
        }
        if (this.#used.size >= MOST) throw openidError("openid.busy", "too many DPoP proofs were used of late");
        if (name.length > 512 || this.#used.has(name))
          throw openidError("openid.dpop", "the DPoP proof was used before");
        this.#used.set(name, now + AGE + SKEW);
      },
    };
  }
}
