import { decodeBase58, encodeBase58 } from "#base";
import { isEd25519Point } from "#crypto";
import { CREDENTIAL_SUITES } from "../../credentials/credential-key.ts";
import { resolutionError } from "../../errors.ts";
import { type PublicJwk, publicJwk } from "../../public-jwk.ts";

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
  const suite = CREDENTIAL_SUITES.find(({ multicodec }) => multicodec[0] === first && multicodec[1] === second);
  const key = bytes.subarray(2);
  if (suite === undefined) {
    const foreign = FOREIGN[`${first},${second}`];
    if (foreign === undefined) throw refuse("the key's multicodec is of no key type");
    throw resolutionError("resolution.feature", `keys of type ${foreign} are not supported`, { feature: foreign });
  }
  const { algorithm } = suite;
  if (algorithm === "Ed25519" && !isEd25519Point(key)) throw refuse("the key is no point of Ed25519");
  const jwk = publicJwk(algorithm, key);
  if (jwk === undefined) throw refuse(`the key is no compressed point of ${algorithm}`);
  return jwk;
}
