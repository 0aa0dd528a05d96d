import { encodeBase64Url, type Json, type JsonObject } from "#base";
import { uncompressPoint } from "#crypto";
import { type CredentialKey, decodeCredentialJwk } from "../credentials/credential-key.ts";
import { isObject } from "../credentials/document-parts.ts";
import { credentialError } from "../credentials/errors.ts";

/** A public key as JWK (RFC 7517), with no more than says which key it is. */
export function jwkOfKey({ algorithm, publicKey }: CredentialKey): JsonObject {
  if (algorithm === "Ed25519") return { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(publicKey) };
  const point = uncompressPoint(algorithm, publicKey);
  if (point === undefined) throw credentialError("credentials.key", `the key is no point of ${algorithm}`);
  const width = (point.length - 1) / 2;
  return {
    kty: "EC",
    crv: algorithm,
    x: encodeBase64Url(point.subarray(1, 1 + width)),
    y: encodeBase64Url(point.subarray(1 + width)),
  };
}

/** The public key of a JWK that a token holds. @throws HansaError `credentials.key` where it is none that is known here, or holds a secret */
export function keyOfJwk(jwk: Json | undefined): CredentialKey {
  const key = isObject(jwk) ? decodeCredentialJwk(jwk) : undefined;
  if (key === undefined) throw credentialError("credentials.key", "the JWK is no public key that is known here");
  return key;
}
