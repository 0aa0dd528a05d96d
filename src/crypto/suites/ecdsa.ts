import { type EcCurve, ecPublicKey, ecSign, ecVerify, isEcPublicKey, randomBytes } from "#crypto/backend";
import type { SignatureSuite } from "./suite.ts";

/** ECDSA with SHA-256 over a short Weierstrass curve: what P-256 and secp256k1 share. */
export function ecdsaSuite(
  curve: EcCurve,
  jose: "ES256" | "ES256K",
  multicodec: readonly [number, number],
): SignatureSuite {
  return {
    algorithm: curve,
    jose,
    multicodec,
    publicKeyLength: 33,
    publicKey: (secret) => ecPublicKey(curve, secret),
    isPublicKey: (bytes) => isEcPublicKey(curve, bytes),
    sign: (data, secret) => ecSign(curve, data, secret),
    verify: (data, signature, publicKey) => ecVerify(curve, data, signature, publicKey),
    generate() {
      // A secret must lie in [1, n-1]; a draw outside of it has probability below 2^-32 for P-256, and is drawn again.
      for (;;) {
        const secret = randomBytes(32);
        try {
          ecPublicKey(curve, secret);
          return secret;
        } catch {}
      }
    },
  };
}
