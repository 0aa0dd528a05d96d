import { decodeBase58, encodeBase58, encodeBase64Url } from "#base";
import { type EcCurve, isEd25519Point, uncompressPoint } from "#crypto";
import { resolutionError } from "../../errors.ts";

/** A public key as JWK (RFC 7517). */
export type PublicJwk =
  | { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string }
  | { readonly kty: "EC"; readonly crv: EcCurve; readonly x: string; readonly y: string };

interface KeyType {
  /** Multicodec, as the two bytes of its varint. */
  readonly prefix: readonly [number, number];
  readonly curve: "Ed25519" | EcCurve;
}

const KEY_TYPES: readonly KeyType[] = [
  { prefix: [0xed, 0x01], curve: "Ed25519" },
  { prefix: [0x80, 0x24], curve: "P-256" },
  { prefix: [0xe7, 0x01], curve: "secp256k1" },
  { prefix: [0x81, 0x24], curve: "P-384" },
];

/** Types that did:key knows and Hansa does not, by the same two bytes. */
const FOREIGN: Readonly<Record<string, string>> = {
  "236,1": "X25519",
  "235,1": "BLS12-381 G2",
  "234,1": "BLS12-381 G1",
  "130,36": "P-521",
  "133,36": "RSA",
};

/** Longest text that is decoded: base58 costs the square of its length. The longest key here, P-384, has 70 characters. */
const LONGEST = 100;

/**
 * The key behind a multibase text of did:key, as JWK.
 *
 * @throws HansaError `resolution.did` where it is no key, or not in its one spelling; `resolution.feature` where it is of a foreign type
 */
export function decodeMulticodecKey(text: string): PublicJwk {
  const refuse = (problem: string) => resolutionError("resolution.did", problem, { text: text.slice(0, LONGEST) });
  if (!text.startsWith("z")) throw refuse("the key of a did:key is base58btc and begins with z");
  // Of RSA keys the first bytes are all that is needed, but no base58 tells them without the rest.
  if (text.length > LONGEST) throw refuse("the key is longer than any that is known here");
  const bytes = decodeBase58(text.slice(1));
  if (bytes === undefined || bytes.length < 3) throw refuse("the key is not base58btc");
  if (`z${encodeBase58(bytes)}` !== text) throw refuse("the key is not in its one spelling");
  const [first, second] = bytes as unknown as [number, number];
  const type = KEY_TYPES.find(({ prefix }) => prefix[0] === first && prefix[1] === second);
  const key = bytes.subarray(2);
  if (type === undefined) {
    const foreign = FOREIGN[`${first},${second}`];
    if (foreign === undefined) throw refuse("the key's multicodec is of no key type");
    throw resolutionError("resolution.feature", `keys of type ${foreign} are not supported`, { feature: foreign });
  }
  if (type.curve === "Ed25519") {
    if (!isEd25519Point(key)) throw refuse("the key is no point of Ed25519");
    return { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(key) };
  }
  const point = uncompressPoint(type.curve, key);
  if (point === undefined) throw refuse(`the key is no compressed point of ${type.curve}`);
  const width = (point.length - 1) / 2;
  return {
    kty: "EC",
    crv: type.curve,
    x: encodeBase64Url(point.subarray(1, 1 + width)),
    y: encodeBase64Url(point.subarray(1 + width)),
  };
}
