import { concatBytes, decodeBase58, encodeBase58, encodeBase64Url, Lru } from "#base";
import { suiteOf, suiteOfMulticodec } from "./suites/index.ts";
import type { Algorithm, SignatureSuite } from "./suites/suite.ts";

/** A public key and the suite that it belongs to. */
export interface PublicKey {
  readonly algorithm: Algorithm;
  /** Raw bytes; points compressed. */
  readonly bytes: Uint8Array;
}

/** `z…`: Multikey (Controlled Identifiers 1.0 §2.2.2), base58btc of multicodec prefix and key. */
export function encodeMultikey(key: PublicKey): string {
  const suite = suiteOf(key.algorithm);
  return `z${encodeBase58(concatBytes(Uint8Array.from(suite.multicodec), key.bytes))}`;
}

// Decoding checks the point and is quadratic in base58: keys that come again and again are remembered.
const decoded = new Lru<string, PublicKey>(16384);

/**
 * Key of a Multikey text; `undefined` where it is not one, or not a point of its curve. Ed25519 keys are any 32 bytes: what is no
 * point verifies nothing, and checking it would cost as much as a signature.
 */
export function decodeMultikey(text: string): PublicKey | undefined {
  const known = decoded.get(text);
  if (known !== undefined) return known;
  if (text.charAt(0) !== "z" || text.length > 80) return undefined;
  const bytes = decodeBase58(text.slice(1));
  if (bytes === undefined || bytes.length < 3) return undefined;
  const suite = suiteOfMulticodec(bytes[0] as number, bytes[1] as number);
  const raw = bytes.slice(2);
  if (suite === undefined || raw.length !== suite.publicKeyLength || !suite.isPublicKey(raw)) return undefined;
  // One key, one spelling: base58 text that decodes to the same bytes by other means is refused.
  const key: PublicKey = { algorithm: suite.algorithm, bytes: raw };
  if (encodeMultikey(key) !== text) return undefined;
  decoded.set(text, key);
  return key;
}

/** The suite that checks this key's signatures. */
export function suiteOfKey(key: PublicKey): SignatureSuite {
  return suiteOf(key.algorithm);
}

/** Checks a signature with a public key. */
export function verifySignature(key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  return suiteOf(key.algorithm).verify(data, signature, key.bytes);
}

/** base64url text of the raw public key bytes, for comparing keys. */
export function keyText(key: PublicKey): string {
  return `${key.algorithm}:${encodeBase64Url(key.bytes)}`;
}
