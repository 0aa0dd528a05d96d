import { decodeBase64Url, encodeBase64Url, encodeUtf8, isHansaError, type Json, parseJson } from "#base";
import { randomBytes, sha256 } from "#crypto";
import { credentialError } from "../credentials/errors.ts";

/** Bytes of a salt. RFC 9901 §9.3 recommends 128 bits; with 192 a salt has no padding, and no list of salts meets twice. */
const SALT_BYTES = 24;
/** Longest disclosure, characters, and how deep its value may be nested. */
const LIMITS = { text: 1 << 17, depth: 32 };

/** Names that no claim may have: `_sd` and `...` are RFC 9901's own (§4.1), the others change how programs behave. */
const FORBIDDEN: ReadonlySet<string> = new Set(["_sd", "...", "__proto__", "constructor", "prototype"]);

/** A claim or an element of an array, with the salt that keeps it from being guessed (RFC 9901 §4.2). */
export interface Disclosure {
  /** As it travels: the digest is over these characters. */
  readonly text: string;
  readonly digest: string;
  /** `undefined` for an element of an array. */
  readonly name: string | undefined;
  readonly value: Json;
}

/** What is wrong with disclosures, or with what is to be hidden. */
export function refuseDisclosure(problem: string) {
  return credentialError("credentials.disclosure", problem, { problem });
}

/** Whether a claim may have this name. */
export function isClaimName(name: string): boolean {
  return !FORBIDDEN.has(name);
}

/** SHA-256 as digests are written: over the characters, base64url. */
export function digestText(text: string): string {
  return encodeBase64Url(sha256(encodeUtf8(text)));
}

/** Hides a claim, or an element where it has no name, behind a fresh salt. */
export function makeDisclosure(name: string | undefined, value: Json): Disclosure {
  const salt = encodeBase64Url(randomBytes(SALT_BYTES));
  const text = encodeBase64Url(encodeUtf8(JSON.stringify(name === undefined ? [salt, value] : [salt, name, value])));
  return { text, digest: digestText(text), name, value };
}

/** A digest of nothing: random bytes hashed, so that no one tells it from another (RFC 9901 §4.2.5). */
export function makeDecoy(): string {
  return encodeBase64Url(sha256(randomBytes(32)));
}

/** @throws HansaError `credentials.disclosure` */
export function decodeDisclosure(text: string): Disclosure {
  const refuse = (problem: string) => refuseDisclosure(`a disclosure ${problem}`);
  if (text.length > LIMITS.text) throw refuse(`is longer than ${LIMITS.text} characters`);
  const bytes = decodeBase64Url(text);
  if (bytes === undefined || bytes.length === 0) throw refuse("is not base64url");
  let array: Json;
  try {
    array = parseJson(bytes, { depth: LIMITS.depth, integers: false });
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw refuse(`is not plain JSON: ${error.message}`);
  }
  if (!Array.isArray(array) || (array.length !== 2 && array.length !== 3)) throw refuse("is no array of two or three");
  if (typeof array[0] !== "string") throw refuse("has a salt that is no text");
  const digest = digestText(text);
  if (array.length === 2) return { text, digest, name: undefined, value: array[1] as Json };
  const [, name, value] = array as [string, Json, Json];
  if (typeof name !== "string") throw refuse("names its claim by something that is no text");
  if (!isClaimName(name)) throw refuse("names its claim as no claim may be named");
  return { text, digest, name, value };
}
