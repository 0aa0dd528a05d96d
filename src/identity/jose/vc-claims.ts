import type { Json, JsonObject } from "#base";
import { parseDateTimeStamp } from "../credentials/date-time-stamp.ts";
import { isObject, refuseDocument } from "../credentials/document-parts.ts";
import { credentialError } from "../credentials/errors.ts";
import { formatDateTime, isDateTime } from "../resolution/date-time.ts";
import type { CompactJws } from "./compact-jws.ts";

/** Claims of JWT that stand beside a credential's own members in a payload (VC-JOSE-COSE §3.1.3), and are none of the credential. */
const OF_JWT = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "nonce", "_sd_alg"] as const;

/** `id` of what may be a text or an object with one: an issuer, a holder. */
export function idOf(value: Json | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (!isObject(value)) return undefined;
  const { id } = value;
  return typeof id === "string" ? id : undefined;
}

/** The credential or presentation in a payload, without JWT's claims. */
export function withoutJwtClaims(payload: JsonObject): JsonObject {
  const rest: Record<string, Json> = { ...payload };
  for (const name of OF_JWT) delete rest[name];
  return rest;
}

/**
 * Requires that what JWT's claims say, the credential says, too (VC-JOSE-COSE §3.1.3, VC Data Model 1.1 §6.3.1): else two readers would see two
 * credentials in one.
 *
 * @param owner - of the credential its issuer, of a presentation its holder
 * @throws HansaError `credentials.document`
 */
export function requireConsistent(payload: JsonObject, document: JsonObject, owner: string): void {
  const { iss, jti, sub } = payload;
  const { id, credentialSubject: subject } = document;
  if (iss !== undefined && iss !== owner) throw differ("iss");
  if (jti !== undefined && id !== undefined && jti !== id) throw differ("jti");
  if (sub !== undefined && subject !== undefined && idOf(subject) !== undefined && sub !== idOf(subject))
    throw differ("sub");
}

function differ(name: string) {
  return refuseDocument(`/${name}`, "says another thing than the document");
}

/**
 * A VC Data Model 1.1 credential out of a JWT's claims (§6.3.1 there): what `iss`, `sub`, `nbf`, `exp`, `jti` say is put where JSON has it.
 *
 * @throws HansaError `credentials.document`
 */
export function credentialOfClaims(claims: JsonObject): JsonObject {
  const { vc, iss, sub, nbf, exp, jti } = claims;
  if (!isObject(vc)) throw refuseDocument("/vc", "is no object");
  const credential: Record<string, Json> = { ...vc };
  if (typeof iss !== "string") throw refuseDocument("/iss", "is missing or no text");
  put(credential, "issuer", iss, idOf);
  if (jti !== undefined) put(credential, "id", jti, (value) => value);
  if (nbf !== undefined) put(credential, "issuanceDate", dateOf(nbf, "nbf"), wholeSeconds);
  if (exp !== undefined) put(credential, "expirationDate", dateOf(exp, "exp"), wholeSeconds);
  const { credentialSubject: subject } = credential;
  if (sub !== undefined && isObject(subject)) {
    const whole: Record<string, Json> = { ...subject };
    put(whole, "id", sub, (value) => value);
    credential["credentialSubject"] = whole;
  }
  return credential;
}

function put(
  object: Record<string, Json>,
  name: string,
  value: Json,
  comparable: (value: Json | undefined) => Json | undefined,
): void {
  if (object[name] === undefined) object[name] = value;
  else if (comparable(object[name]) !== comparable(value)) throw differ(name);
}

function dateOf(seconds: Json, name: string): string {
  if (typeof seconds !== "number" || !isDateTime(seconds * 1000)) throw refuseDocument(`/${name}`, "is no NumericDate");
  return formatDateTime(seconds * 1000);
}

function wholeSeconds(date: Json | undefined): number | undefined {
  const milliseconds = typeof date === "string" ? parseDateTimeStamp(date) : undefined;
  return milliseconds === undefined ? undefined : Math.floor(milliseconds / 1000);
}

/** @throws HansaError `credentials.document` */
export function requireDid(id: Json | undefined, name: string): string {
  if (typeof id !== "string" || !id.startsWith("did:") || id.length > 1024)
    throw refuseDocument(`/${name}`, "is missing, or no DID");
  return id;
}

/** VC-JOSE-COSE §3.1.3: what 1.1 wrapped a document in has no place in a payload of 2.0. @throws HansaError `credentials.document` */
export function requireNoWrapper(payload: JsonObject): void {
  for (const name of ["vc", "vp"])
    if (payload[name] !== undefined) throw refuseDocument(`/${name}`, "has no place in a payload of 2.0");
}

/**
 * Tells 1.1 from 2.0, and requires that the header says the same: a token is never read as something that it was not signed as.
 *
 * @returns whether the payload is of 1.1
 * @throws HansaError `credentials.proof`, `credentials.document`
 */
export function requireTyped({ header, typ, claims }: CompactJws, wrapper: "vc" | "vp"): boolean {
  const { cty } = header;
  const isOld = claims[wrapper] !== undefined;
  if (isOld !== (typ === undefined || typ === "jwt"))
    throw credentialError("credentials.proof", "the token's typ does not fit its payload", { problem: "typ" });
  if (isOld) return true;
  if (cty !== undefined && cty !== wrapper && cty !== `application/${wrapper}`)
    throw credentialError("credentials.proof", `the token's cty is not ${wrapper}`, { problem: "cty" });
  requireNoWrapper(claims);
  return false;
}
