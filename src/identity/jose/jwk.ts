import { concatBytes, decodeBase64Url, encodeBase64Url, equalBytes, type Json, type JsonObject } from "#base";
import { isEd25519Point, uncompressPoint } from "#crypto";
import { credentialError } from "../credentials/errors.ts";
import type { CredentialAlgorithm } from "../credentials/keys.ts";
import { isJsonObject } from "../json-object.ts";
import type { BareKey } from "./algorithms.ts";

/** Bytes of a coordinate. */
const WIDTHS: Readonly<Record<Exclude<CredentialAlgorithm, "Ed25519">, number>> = {
  "P-256": 32,
  "P-384": 48,
  secp256k1: 32,
};

/** A public key as JWK (RFC 7517), with no more than says which key it is. */
export function jwkOfKey({ algorithm, publicKey }: BareKey): JsonObject {
  if (algorithm === "Ed25519") return { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(publicKey) };
  const point = uncompressPoint(algorithm, publicKey);
  if (point === undefined) throw credentialError("credentials.key", `the key is no point of ${algorithm}`);
  const width = WIDTHS[algorithm];
  return {
    kty: "EC",
    crv: algorithm,
    x: encodeBase64Url(point.subarray(1, 1 + width)),
    y: encodeBase64Url(point.subarray(1 + width)),
  };
}

/**
 * The public key of a JWK.
 *
 * @throws HansaError `credentials.key` where it is none, is of another type, or holds a secret
 */
export function keyOfJwk(jwk: Json | undefined): BareKey {
  const refuse = (problem: string) => credentialError("credentials.key", `the JWK ${problem}`, { problem });
  if (!isJsonObject(jwk)) throw refuse("is no object");
  const { kty, crv, x, y, d } = jwk;
  // Who publishes his secret has lost it: nothing that is signed with it proves anything.
  if (d !== undefined) throw refuse("holds a private key");
  if (kty === "OKP" && crv === "Ed25519") {
    const publicKey = coordinate(x, 32);
    if (publicKey === undefined || !isEd25519Point(publicKey)) throw refuse("is no point of Ed25519");
    return { algorithm: crv, publicKey };
  }
  if (kty !== "EC" || (crv !== "P-256" && crv !== "P-384" && crv !== "secp256k1")) throw refuse("is of no known type");
  const [bytesX, bytesY] = [coordinate(x, WIDTHS[crv]), coordinate(y, WIDTHS[crv])];
  if (bytesX === undefined || bytesY === undefined) throw refuse("has coordinates that are none");
  const publicKey = concatBytes(Uint8Array.of(2 + ((bytesY.at(-1) as number) & 1)), bytesX);
  const point = uncompressPoint(crv, publicKey);
  if (point === undefined || !equalBytes(point.subarray(1 + WIDTHS[crv]), bytesY))
    throw refuse(`is no point of ${crv}`);
  return { algorithm: crv, publicKey };
}

function coordinate(text: Json | undefined, width: number): Uint8Array | undefined {
  if (typeof text !== "string" || text.length > 100) return undefined;
  const bytes = decodeBase64Url(text);
  return bytes?.length === width ? bytes : undefined;
}
