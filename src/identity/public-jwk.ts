import { encodeBase64Url } from "#base";
import { type EcCurve, uncompressPoint } from "#crypto";

/** A public key as JWK (RFC 7517), with no more than says which key it is. */
export type PublicJwk =
  | { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string }
  | { readonly kty: "EC"; readonly crv: EcCurve; readonly x: string; readonly y: string };

/** The JWK of raw bytes, of points compressed; `undefined` where they are no point of their curve. Of Ed25519 they are not looked at. */
export function publicJwk(curve: "Ed25519" | EcCurve, key: Uint8Array): PublicJwk | undefined {
  if (curve === "Ed25519") return { kty: "OKP", crv: curve, x: encodeBase64Url(key) };
  const point = uncompressPoint(curve, key);
  if (point === undefined) return undefined;
  const width = (point.length - 1) / 2;
  return {
    kty: "EC",
    crv: curve,
    x: encodeBase64Url(point.subarray(1, 1 + width)),
    y: encodeBase64Url(point.subarray(1 + width)),
  };
}
