import type { Json, JsonObject } from "#base";
import { type CredentialKey, decodeCredentialJwk } from "../credentials/credential-key.ts";
import { isObject } from "../credentials/document-parts.ts";
import { credentialError } from "../credentials/errors.ts";
import { publicJwk } from "../public-jwk.ts";

/** A public key as JWK (RFC 7517), with no more than says which key it is. */
export function jwkOfKey({ algorithm, publicKey }: CredentialKey): JsonObject {
  const jwk = publicJwk(algorithm, publicKey);
  if (jwk === undefined) throw credentialError("credentials.key", `the key is no point of ${algorithm}`);
  return jwk;
}

/** The public key of a JWK that a token holds. @throws HansaError `credentials.key` where it is none that is known here, or holds a secret */
export function keyOfJwk(jwk: Json | undefined): CredentialKey {
  const key = isObject(jwk) ? decodeCredentialJwk(jwk) : undefined;
  if (key === undefined) throw credentialError("credentials.key", "the JWK is no public key that is known here");
  return key;
}
