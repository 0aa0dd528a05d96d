import type { Json, JsonObject } from "#base";
import type { CredentialKey } from "../credentials/credential-key.ts";
import { isObject } from "../credentials/document-parts.ts";
import { credentialError } from "../credentials/errors.ts";
import type { KeyFinder } from "../credentials/keys.ts";
import { decodeCompactJws, requireSignatureOf } from "../jose/compact-jws.ts";
import { keyOfJwk } from "../jose/jwk.ts";
import { checkTokenTime, readNumericDate } from "../jose/token-time.ts";
import { digestText } from "./disclosure.ts";

/** What a verifier demands of a proof that the holder himself presents. */
export interface KeyBindingDemand {
  /** The verifier's own question: fresh, and taken once. */
  readonly nonce: string;
  /** How the verifier names itself. */
  readonly audience: string;
  /** Seconds that a proof is good for; 300 by default. */
  readonly maxAge?: number;
}

/** A proof of possession that held. */
export interface KeyBinding {
  readonly key: CredentialKey;
  /** Seconds. */
  readonly issuedAt: number;
  /** What else the holder signed, such as `transaction_data_hashes`. */
  readonly claims: JsonObject;
}

/**
 * Verifies a key-binding JWT (RFC 9901 §7.3, step 5).
 *
 * @param bound - what was presented, up to and with the last `~`
 * @param cnf - the credential's: from what its issuer signed, not from a disclosure
 * @param now - milliseconds
 * @throws HansaError `credentials.holder`, `credentials.challenge`, `credentials.domain`, `credentials.expired`, `credentials.not-yet`,
 * `credentials.signature`, `credentials.proof`, `credentials.key`
 */
export async function verifyKeyBinding(
  text: string | undefined,
  bound: string,
  cnf: Json | undefined,
  demand: KeyBindingDemand,
  keys: KeyFinder,
  now: number,
): Promise<KeyBinding> {
  if (text === undefined) throw credentialError("credentials.holder", "there is no proof of the holder's key");
  const key = await findHolderKey(cnf, keys);
  const token = decodeCompactJws(text, ["kb+jwt"]);
  requireSignatureOf(token, key);
  const { nonce, aud, sd_hash } = token.claims;
  if (nonce !== demand.nonce) throw credentialError("credentials.challenge", "the proof answers another nonce");
  // RFC 9901 §4.3: aud is a single string.
  if (aud !== demand.audience) throw credentialError("credentials.domain", "the proof was made for another verifier");
  if (sd_hash !== digestText(bound))
    throw credentialError("credentials.holder", "the proof was made for other claims than those presented");
  checkTokenTime(token.claims, now);
  const issuedAt = readNumericDate(token.claims, "iat");
  if (issuedAt === undefined) throw credentialError("credentials.proof", "the proof does not say when it was made");
  if (issuedAt < now / 1000 - (demand.maxAge ?? 300))
    throw credentialError("credentials.expired", "the proof is too old");
  return { key, issuedAt, claims: token.claims };
}

/** RFC 7800: the key itself, or the DID URL of one that its controller authenticates with. */
async function findHolderKey(cnf: Json | undefined, keys: KeyFinder): Promise<CredentialKey> {
  if (!isObject(cnf)) throw credentialError("credentials.holder", "the credential is bound to no key");
  const { jwk, kid } = cnf;
  if (jwk !== undefined) return keyOfJwk(jwk);
  if (typeof kid === "string" && kid.length <= 1024 && kid.startsWith("did:")) return keys(kid, "authentication");
  throw credentialError("credentials.holder", "the credential is bound to a key in a way that is not known here");
}
