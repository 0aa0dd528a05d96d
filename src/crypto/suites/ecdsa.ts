import { type EcCurve, ecPublicKey, ecSign, ecSigner, ecVerify, isEcPublicKey, randomBytes } from "#crypto/backend";
import type { SuiteOf } from "./suite.ts";

/** ECDSA with the curve's hash over a short Weierstrass curve: what P-256, P-384 and secp256k1 share. */
export function ecdsaSuite<Curve extends EcCurve, Jose extends string>(
  curve: Curve,
  jose: Jose,
  multicodec: readonly [number, number],
): SuiteOf<Curve, Jose> {
  const width = curve === "P-384" ? 48 : 32;
  return {
    algorithm: curve,
    jose,
    multicodec,
    publicKeyLength: 1 + width,
    publicKey: (secret) => ecPublicKey(curve, secret),
    isPublicKey: (bytes) => isEcPublicKey(curve, bytes),
    sign: (data, secret) => ecSign(curve, data, secret),
    signer: (secret) => ecSigner(curve, secret),
    verify: (data, signature, publicKey) => ecVerify(curve, data, signature, publicKey),
    generate() {
      // A secret must lie in [1, n-1]; a draw outside of it has probability below 2^-32 for P-256, and is drawn again.
      for (;;) {
        const secret = randomBytes(width);
        try {
          ecPublicKey(curve, secret);
          return secret;
        } catch {}
      }
    },
  };
}
