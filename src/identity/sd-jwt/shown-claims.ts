import type { JsonObject } from "#base";
import type { ClaimPath } from "./claim-path.ts";
import { refuseDisclosure } from "./disclosure.ts";

/** Claims of SD-JWT VC that a holder may not keep back (draft-ietf-oauth-sd-jwt-vc §2.2.2.2), and `_sd_alg`. */
const REGISTERED = ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "_sd_alg"];
/** Their like in VC Data Model 2.0: hidden, they would let a holder hide that a credential is revoked or expired, and who issued it. */
const OF_DATA_MODEL = [
  "@context",
  "type",
  "issuer",
  "credentialStatus",
  "credentialSchema",
  "relatedResource",
  "validFrom",
  "validUntil",
];

/**
 * Requires that what says whether a credential is good is not among what may be kept back, nor a part of it.
 *
 * @param claims - of the credential: VC Data Model's names mean nothing in another
 * @throws HansaError `credentials.disclosure`
 */
export function requireShown(hidden: readonly ClaimPath[], claims: JsonObject): void {
  const names = new Set(claims["@context"] === undefined ? REGISTERED : [...REGISTERED, ...OF_DATA_MODEL]);
  for (const [name] of hidden)
    if (typeof name === "string" && names.has(name)) throw refuseDisclosure(`${name} may not be hidden`);
}
