/** The primitives in a browser (or any runtime without native code): @noble, pure JavaScript. Same names as `backend.ts`. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 as hash } from "@noble/hashes/sha2.js";
import { randomBytes as random } from "@noble/hashes/utils.js";
import { concatBytes } from "#base";

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash(bytes);
}

export function sha256Into(digest: Uint8Array, bytes: Uint8Array): void {
  digest.set(hash(bytes));
}

export function sha256Parts(...parts: Uint8Array[]): Uint8Array {
  return hash(concatBytes(...parts));
}

export function hashPairs(pairs: Uint8Array, out: Uint8Array, count: number): void {
  for (let i = 0; i < count; i++) out.set(hash(pairs.subarray(i * 64, i * 64 + 64)), i * 32);
}

export function ed25519PublicKey(secret: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secret);
}

export function ed25519Sign(data: Uint8Array, secret: Uint8Array): Uint8Array {
  return ed25519.sign(data, secret);
}

export function ed25519Verify(data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  try {
    // zip215 off: RFC 8032's strict rule, as libsodium has it; two verifiers must not differ on one signature.
    return ed25519.verify(signature, data, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

export type EcCurve = "P-256" | "secp256k1";

const CURVES = { "P-256": p256, secp256k1 } as const;

export function ecPublicKey(curve: EcCurve, secret: Uint8Array): Uint8Array {
  return CURVES[curve].getPublicKey(secret, true);
}

export function ecSign(curve: EcCurve, data: Uint8Array, secret: Uint8Array): Uint8Array {
  return CURVES[curve].sign(data, secret, { prehash: true, lowS: false });
}

export function ecVerify(curve: EcCurve, data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 33) return false;
  try {
    return CURVES[curve].verify(signature, data, publicKey, { prehash: true, lowS: false });
  } catch {
    return false;
  }
}

export function isEcPublicKey(curve: EcCurve, publicKey: Uint8Array): boolean {
  try {
    return publicKey.length === 33 && CURVES[curve].Point.fromBytes(publicKey) !== undefined;
  } catch {
    return false;
  }
}

export function randomBytes(length: number): Uint8Array {
  return random(length);
}
