import type { Json, JsonObject } from "#base";
import { credentialError } from "../credentials/errors.ts";

/** Seconds that the clocks of two parties may differ. */
const SKEW = 60;

/** Seconds of a NumericDate (RFC 7519 §2), or `undefined` where the claim is missing. @throws HansaError `credentials.document` */
export function readNumericDate(claims: JsonObject, name: string): number | undefined {
  const value: Json | undefined = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || value < 0 || value > Number.MAX_SAFE_INTEGER)
    throw credentialError("credentials.document", `${name} is no NumericDate`, { path: `/${name}` });
  return value;
}

/**
 * Checks `iat`, `nbf`, `exp` (RFC 7519 §4.1) where they are there.
 *
 * @param now - milliseconds
 * @throws HansaError `credentials.expired`, `credentials.not-yet`, `credentials.document`
 */
export function checkTokenTime(claims: JsonObject, now: number): void {
  const seconds = now / 1000;
  const [iat, nbf, exp] = ["iat", "nbf", "exp"].map((name) => readNumericDate(claims, name));
  if (exp !== undefined && seconds >= exp)
    throw credentialError("credentials.expired", "the token has expired", { exp });
  if (nbf !== undefined && seconds < nbf)
    throw credentialError("credentials.not-yet", "the token is not valid yet", { nbf });
  if (iat !== undefined && iat > seconds + SKEW)
    throw credentialError("credentials.not-yet", "the token was issued in the future", { iat });
}
