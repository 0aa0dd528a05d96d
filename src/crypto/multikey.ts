import { concatBytes, decodeBase58, encodeBase58, encodeBase64Url, Lru } from "#base";
import { SUITES, suiteOf } from "./suites/index.ts";
import type { Algorithm, SignatureSuite, SuiteOf } from "./suites/suite.ts";

/** A public key and the suite that it belongs to. */
export interface PublicKey {
  readonly algorithm: Algorithm;
  /** Raw bytes; points compressed. */
  readonly bytes: Uint8Array;
}

/** `z…`: Multikey (Controlled Identifiers 1.0 §2.2.2), base58btc of multicodec prefix and key. */
export function encodeMultikey(key: PublicKey): string {
  return writeMultikey(suiteOf(key.algorithm), key.bytes);
}

/** `encodeMultikey` of a key of any suite, also one that signs no transactions. */
export function writeMultikey({ multicodec }: SuiteOf<string, string>, bytes: Uint8Array): string {
  return `z${encodeBase58(concatBytes(Uint8Array.from(multicodec), bytes))}`;
}

/** Suite and bytes of a Multikey text, of these suites; `undefined` where it is none, or not in its one spelling. */
export function readMultikey<Suite extends SuiteOf<string, string>>(
  text: string,
  suites: readonly Suite[],
): { readonly suite: Suite; readonly bytes: Uint8Array } | undefined {
  // The longest, of P-384, has 70 characters.
  if (text.charAt(0) !== "z" || text.length > 80) return undefined;
  const whole = decodeBase58(text.slice(1));
  const suite = suites.find(({ multicodec }) => multicodec[0] === whole?.[0] && multicodec[1] === whole?.[1]);
  if (whole === undefined || suite === undefined) return undefined;
  const bytes = whole.slice(2);
  if (bytes.length !== suite.publicKeyLength || !suite.isPublicKey(bytes)) return undefined;
  // One key, one spelling: base58 text that decodes to the same bytes by other means is refused.
  return writeMultikey(suite, bytes) === text ? { suite, bytes } : undefined;
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
  const read = readMultikey(text, SUITES);
  if (read === undefined) return undefined;
  const key: PublicKey = { algorithm: read.suite.algorithm, bytes: read.bytes };
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
