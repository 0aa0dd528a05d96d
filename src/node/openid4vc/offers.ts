/** Offers of credentials, their codes and tokens. They wait in memory alone: what was to be said of somebody is gone with a restart, or once it is issued. */
import { createHash, randomInt, randomUUID, timingSafeEqual } from "node:crypto";
import { type Clock, encodeBase64Url, type JsonObject } from "#base";
import { randomBytes } from "#crypto";
import { openidError } from "#identity";
import { type OfferRequest, type OfferState, OPENID_LIMITS } from "#protocol";

/** One offer. */
export interface Offer {
  readonly id: string;
  readonly configuration: string;
  readonly credentialId: string;
  readonly code: string;
  readonly txCode: { readonly kind: "numeric" | "text"; readonly digest: Uint8Array } | undefined;
  /** Milliseconds. */
  readonly until: number;
  claims: JsonObject | undefined;
  state: Exclude<OfferState["state"], "expired">;
  wrong: number;
  token: string | undefined;
}

/** What an access token stands for. */
export interface Grant {
  readonly offer: Offer;
  /** Thumbprint of the key that the token is bound to. */
  readonly jkt: string | undefined;
  /** Milliseconds. */
  readonly until: number;
  /** Whether something is being issued on it: two requests of one token cannot both get it. */
  busy: boolean;
}

const TEXT = "23456789abcdefghjkmnpqrstuvwxyz";
const TX_CODE = { numeric: 6, text: 10 } as const;
const KEPT = OPENID_LIMITS.resultSeconds * 1000;

export class Offers {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #offers = new Map<string, Offer>();
  /** By digests: how long it takes to find one tells nothing of what was nearly right. */
  readonly #codes = new Map<string, Offer>();
  readonly #tokens = new Map<string, Grant>();

  constructor(clock: Clock, most: number = OPENID_LIMITS.offers) {
    this.#clock = clock;
    this.#most = most;
  }

  /** @throws HansaError `openid.busy` */
  create({ configuration, claims, txCode = "none", seconds = OPENID_LIMITS.usualOfferSeconds }: OfferRequest): {
    readonly offer: Offer;
    readonly txCode: string | undefined;
  } {
    const now = this.#clock.now();
    this.#forget(now);
    if (this.#offers.size >= this.#most)
      throw openidError("openid.busy", "too many offers wait for their wallets", { limit: this.#most });
    const secret = txCode === "none" ? undefined : drawTxCode(txCode);
    const offer: Offer = {
      id: encodeBase64Url(randomBytes(16)),
      configuration,
      credentialId: `urn:uuid:${randomUUID()}`,
      code: encodeBase64Url(randomBytes(32)),
      txCode: secret === undefined || txCode === "none" ? undefined : { kind: txCode, digest: digestOf(secret) },
      until: now + seconds * 1000,
      claims: claims as JsonObject,
      state: "offered",
      wrong: 0,
      token: undefined,
    };
    this.#offers.set(offer.id, offer);
    this.#codes.set(keyOf(offer.code), offer);
    // What was to be said of somebody goes when nobody can come for it any more.
    this.#clock.after(seconds * 1000, () => this.#forget(this.#clock.now()));
    return { offer, txCode: secret };
  }

  /** An offer that still waits. @throws HansaError `openid.unknown` */
  open(id: string): Offer {
    const offer = this.#offers.get(id);
    if (offer === undefined || offer.state !== "offered" || offer.until <= this.#clock.now()) throw unknown();
    return offer;
  }

  /** @throws HansaError `openid.unknown` */
  stateOf(id: string): OfferState {
    const offer = this.#offers.get(id);
    if (offer === undefined) throw unknown();
    const { configuration, credentialId, state, until } = offer;
    const isOver = until <= this.#clock.now() && state === "offered";
    return { id, state: isOver ? "expired" : state, configuration, credentialId, expires: Math.floor(until / 1000) };
  }

  /**
   * Takes a code for a token, in one step: a code is taken once, whoever comes second.
   *
   * @param jkt - thumbprint of the key that the token shall be bound to
   * @throws HansaError `openid.grant`, `openid.request`
   */
  redeem(code: string, txCode: string | undefined, jkt: string | undefined): { readonly token: string } {
    const now = this.#clock.now();
    const offer = this.#codes.get(keyOf(code));
    if (offer === undefined || offer.until <= now || offer.state === "locked") throw noGrant();
    if (offer.state !== "offered") {
      // RFC 6749 §4.1.2: of a code that is used twice one user is a thief; the token goes for both.
      if (offer.token !== undefined) this.#tokens.delete(offer.token);
      throw noGrant();
    }
    this.#checkTxCode(offer, txCode);
    const token = encodeBase64Url(randomBytes(32));
    const key = keyOf(token);
    offer.state = "redeemed";
    offer.token = key;
    this.#tokens.set(key, { offer, jkt, until: now + OPENID_LIMITS.tokenSeconds * 1000, busy: false });
    return { token };
  }

  #checkTxCode(offer: Offer, given: string | undefined): void {
    // OpenID4VCI §6.3: one that was not wanted, or is missing, is a wrong request; a wrong one is a wrong grant.
    if (offer.txCode === undefined) {
      if (given !== undefined) throw openidError("openid.request", "the offer has no transaction code");
      return;
    }
    if (given === undefined) throw openidError("openid.request", "the transaction code is missing (tx_code)");
    if (timingSafeEqual(digestOf(given), offer.txCode.digest)) return;
    offer.wrong++;
    if (offer.wrong >= OPENID_LIMITS.txCodeAttempts) {
      offer.state = "locked";
      offer.claims = undefined;
      this.#codes.delete(keyOf(offer.code));
    }
    throw noGrant();
  }

  /** What a token stands for. @throws HansaError `openid.token` */
  grantOf(token: string): Grant {
    const grant = this.#tokens.get(keyOf(token));
    if (grant === undefined || grant.until <= this.#clock.now() || grant.offer.claims === undefined)
      throw openidError("openid.token", "the access token is not one that holds");
    return grant;
  }

  /** Notes that it is issued: the token is gone, and so is what was to be said. */
  finish({ offer }: Grant): void {
    if (offer.token !== undefined) this.#tokens.delete(offer.token);
    offer.state = "issued";
    offer.claims = undefined;
  }

  #forget(now: number): void {
    for (const [key, { until }] of this.#tokens) if (until <= now) this.#tokens.delete(key);
    for (const [id, offer] of this.#offers) {
      if (offer.until > now) continue;
      this.#codes.delete(keyOf(offer.code));
      if (offer.state === "offered") offer.claims = undefined;
      if (offer.until + KEPT <= now) this.#offers.delete(id);
    }
  }
}

function drawTxCode(kind: "numeric" | "text"): string {
  if (kind === "numeric") return String(randomInt(10 ** TX_CODE.numeric)).padStart(TX_CODE.numeric, "0");
  return Array.from({ length: TX_CODE.text }, () => TEXT.charAt(randomInt(TEXT.length))).join("");
}

/** `tx_code` of an offer (OpenID4VCI §4.1.1). */
export function txCodeShape({ kind }: NonNullable<Offer["txCode"]>) {
  return { input_mode: kind, length: TX_CODE[kind] };
}

function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function keyOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

function noGrant() {
  return openidError("openid.grant", "the code or the transaction code is not right, or the code was used or ran out");
}

function unknown() {
  return openidError("openid.unknown", "there is no such offer");
}
