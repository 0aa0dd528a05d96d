/** Proofs that a wallet has the key that a credential is to be issued to (OpenID4VCI 1.0 §8.2.1.1, Appendix F). */
import { isHansaError, type JsonObject } from "#base";
import { type CredentialKey, encodeCredentialKey } from "../credentials/credential-key.ts";
import type { KeyFinder } from "../credentials/keys.ts";
import { decodeCompactJws } from "../jose/compact-jws.ts";
import { keyOfJwk } from "../jose/jwk.ts";
import { makeCallbacks } from "./callbacks.ts";
import { openidError } from "./errors.ts";
import { causeOf, sentenceOf } from "./library-error.ts";

/** Whose key was proven. */
export interface ProvenKey extends CredentialKey {
  /** DID that speaks with it: the one of the proof's `kid`, else the `did:key`. */
  readonly did: string;
}

export interface KeyProofDemand {
  /** Identifier of the credential issuer: what `aud` has to be. */
  readonly issuer: string;
  readonly keys: KeyFinder;
  /** Milliseconds. */
  readonly now: number;
}

/** How old a proof may be, and how far ahead its clock, seconds. */
const AGE = 300;
const SKEW = 60;
const LONGEST = 16 * 1024;
const WRONG = "the proof of the key does not hold";

/**
 * Verifies one proof. Whether its nonce is one that waits, is for whoever gave it out to say.
 *
 * @throws HansaError `openid.proof`, `openid.nonce` where there is none
 */
export async function verifyKeyProof(
  jwt: string,
  { issuer, keys, now }: KeyProofDemand,
): Promise<{ readonly key: ProvenKey; readonly nonce: string }> {
  if (jwt.length > LONGEST) throw refuse(`a proof has at most ${LONGEST} characters`);
  const { header, claims } = decode(jwt);
  if (header["x5c"] !== undefined || header["trust_chain"] !== undefined)
    throw refuse("keys are named by jwk or by a DID URL here");
  if ((header["jwk"] === undefined) === (header["kid"] === undefined)) throw refuse("jwk or kid names the key");
  if (header["key_attestation"] !== undefined) throw refuse("key attestations are not taken here");
  const { Openid4vciIssuer } = await import("@openid4vc/openid4vci");
  const library = new Openid4vciIssuer({ callbacks: await makeCallbacks({ keys }) });
  const { signer } = await library
    .verifyCredentialRequestJwtProof({
      issuerMetadata: { credentialIssuer: { credential_issuer: issuer } } as never,
      jwt,
      now: new Date(now),
    })
    .catch((error: unknown) => {
      const sentence = sentenceOf(error);
      // Whether a DID or key exists in a group that strangers do not read, no refusal tells: it is that of a wrong signature.
      const isAboutKey = causeOf(error) !== undefined || /proof jwt\.$/.test(sentence);
      throw openidError("openid.proof", isAboutKey ? `${WRONG}: signature or key` : sentence, {}, error);
    });
  // The library takes an `aud` of several: whoever is named beside us could use the proof with us, and we with him.
  if (claims["aud"] !== issuer) throw refuse("aud is another than this credential issuer");
  const { iat, nonce } = claims;
  const seconds = now / 1000;
  if (typeof iat !== "number" || iat > seconds + SKEW || iat < seconds - AGE) throw refuse("iat is not of now");
  // §F.1: `iss` is the client's id, which an anonymous wallet has not.
  if (typeof nonce !== "string") throw openidError("openid.nonce", "the proof has no nonce");
  const key = keyOfJwk(signer.publicJwk as JsonObject);
  const did = signer.method === "did" ? signer.didUrl.slice(0, signer.didUrl.indexOf("#")) : undefined;
  return { key: { ...key, did: did ?? `did:key:${encodeCredentialKey(key)}` }, nonce };
}

function decode(jwt: string) {
  try {
    return decodeCompactJws(jwt, ["openid4vci-proof+jwt"]);
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw openidError("openid.proof", error.message, {}, error);
  }
}

function refuse(problem: string) {
  return openidError("openid.proof", `${WRONG}: ${problem}`, { problem });
}
