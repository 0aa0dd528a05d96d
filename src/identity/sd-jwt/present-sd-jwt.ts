import type { JsonObject } from "#base";
import { credentialError } from "../credentials/errors.ts";
import { type BareSigner, isSameKey } from "../jose/algorithms.ts";
import { signCompactJws } from "../jose/compact-jws.ts";
import { keyOfJwk } from "../jose/jwk.ts";
import { type ClaimPath, leadsSomewhere, runTogether } from "./claim-path.ts";
import { digestText, refuseDisclosure } from "./disclosure.ts";
import { revealClaims } from "./reveal-claims.ts";
import { decodeSdJwt, encodeSdJwt } from "./sd-jwt-text.ts";

/** What a holder sees of his SD-JWT. It is not verified. */
export interface SdJwtContent {
  readonly header: JsonObject;
  /** All claims, the hidden ones as well. */
  readonly claims: JsonObject;
  /** Those that may be kept back, an outer one before what is in it. */
  readonly hidden: readonly ClaimPath[];
}

/**
 * Reads an SD-JWT as its holder has it, without verifying it.
 *
 * @throws HansaError `credentials.proof`, `credentials.disclosure`
 */
export function readSdJwt(text: string): SdJwtContent {
  const { token, disclosures } = decodeSdJwt(text);
  const { claims, revealed } = revealClaims(token.claims, disclosures);
  return { header: token.header, claims, hidden: revealed.map(({ path }) => path) };
}

/** How an SD-JWT is presented. */
export interface PresentSdJwtOptions {
  /** Claims to show, each with all that is in it; `"all"` for whatever there is. What is not hidden is shown in any case. */
  readonly disclose: readonly ClaimPath[] | "all";
  /** Proof that who presents has the holder's key (RFC 9901 §4.3), made for one verifier and one question of his. */
  readonly keyBinding?: {
    readonly signer: BareSigner;
    /** The verifier, as it names itself: OpenID4VP's client id, an origin. */
    readonly audience: string;
    readonly nonce: string;
    /** Seconds. */
    readonly issuedAt: number;
  };
}

/**
 * Presents an SD-JWT with chosen claims.
 *
 * @throws HansaError `credentials.proof`, `credentials.disclosure` where a path names nothing, `credentials.holder` where the key is not
 * the one that the credential is bound to
 * @example
 * ```ts
 * presentSdJwt(sdJwt, { disclose: [["class"]], keyBinding: { signer, audience: "https://shop.example", nonce, issuedAt } });
 * ```
 */
export function presentSdJwt(text: string, { disclose, keyBinding }: PresentSdJwtOptions): string {
  const { jwt, token, disclosures, keyBinding: old } = decodeSdJwt(text);
  if (old !== undefined) throw refuseDisclosure("what was presented once is not presented again");
  const { claims, revealed } = revealClaims(token.claims, disclosures);
  let chosen = disclosures;
  if (disclose !== "all") {
    for (const path of disclose)
      if (!leadsSomewhere(claims, path)) throw refuseDisclosure(`${JSON.stringify(path).slice(0, 200)} names no claim`);
    // What a path is in must be shown as well, and so must what is in it: one is the beginning of the other.
    const shown = revealed.filter(({ path }) => disclose.some((wanted) => runTogether(wanted, path)));
    chosen = shown.map(({ disclosure }) => disclosure);
  }
  const bound = encodeSdJwt(jwt, chosen);
  if (keyBinding === undefined) return bound;
  const { signer, audience, nonce, issuedAt } = keyBinding;
  const { cnf } = token.claims;
  const jwk = typeof cnf === "object" && cnf !== null ? (cnf as JsonObject)["jwk"] : undefined;
  // A key that `cnf` names by `kid` alone is looked up by the verifier.
  if (cnf === undefined || (jwk !== undefined && !isSameKey(keyOfJwk(jwk), signer)))
    throw credentialError("credentials.holder", "the credential is not bound to this key");
  const binding = { iat: issuedAt, aud: audience, nonce, sd_hash: digestText(bound) };
  return bound + signCompactJws({ typ: "kb+jwt" }, binding, signer);
}
