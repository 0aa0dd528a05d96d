import { Type } from "@sinclair/typebox";
import { concatBytes, encodeBase58 } from "#base";
import { type PublicKey, sha256, suiteOf } from "#crypto";
import { protocolError } from "./errors.ts";

const ALLIANCE = "[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?";
const FINGERPRINT = "[1-9A-HJ-NP-Za-km-z]{26,28}";

/** Source of the regular expression for a whole DID. */
export const DID_PATTERN = `^did:hansa:${ALLIANCE}:${FINGERPRINT}$`;
/** `did:hansa:<alliance>:<fingerprint of first key>`. */
export const Did = Type.String({
  pattern: DID_PATTERN,
  maxLength: 80,
  description: "did:hansa:<alliance>:<fingerprint>",
  examples: ["did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3"],
});
export type Did = string;

/** Source of the regular expression for a DID URL that names a key. */
export const KEY_ID_PATTERN = `^did:hansa:${ALLIANCE}:${FINGERPRINT}#${FINGERPRINT}$`;
export const ALLIANCE_PATTERN = `^${ALLIANCE}$`;

const did = new RegExp(DID_PATTERN);
const keyId = new RegExp(KEY_ID_PATTERN);

/**
 * Name of a key: base58btc of the first 20 bytes of SHA-256 over multicodec prefix and key. The DID of a subject bears the
 * fingerprint of its first key, so nobody can register a DID whose key he does not have.
 */
export function fingerprintOf(key: PublicKey): string {
  const prefix = Uint8Array.from(suiteOf(key.algorithm).multicodec);
  return encodeBase58(sha256(concatBytes(prefix, key.bytes)).subarray(0, 20));
}

/** The DID that a first key gives in an alliance. */
export function didOf(alliance: string, firstKey: PublicKey): Did {
  return `did:hansa:${alliance}:${fingerprintOf(firstKey)}`;
}

export function isDid(text: string): boolean {
  return text.length <= 80 && did.test(text);
}

export function isKeyId(text: string): boolean {
  return text.length <= 120 && keyId.test(text);
}

/**
 * @throws HansaError `did.syntax`
 * @example
 * ```ts
 * parseDid("did:hansa:hanse:3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"); // throws: fingerprint too long
 * ```
 */
export function parseDid(text: string): { alliance: string; fingerprint: string } {
  if (!isDid(text)) throw protocolError("did.syntax", "not a did:hansa", { text: text.slice(0, 100) });
  const [, , alliance, fingerprint] = text.split(":") as [string, string, string, string];
  return { alliance, fingerprint };
}

/** DID URL of a subject's key. */
export function keyIdOf(subject: Did, key: PublicKey): string {
  return `${subject}#${fingerprintOf(key)}`;
}

/** The DID of a DID URL. */
export function didOfKeyId(id: string): Did {
  return id.slice(0, id.indexOf("#"));
}

/** The last part of a DID: what names a subject where colons are in the way (MQTT topics, files). */
export function fingerprintOfDid(subject: Did): string {
  return subject.slice(subject.lastIndexOf(":") + 1);
}
