/** The primitives in a browser (or any runtime without native code): @noble, pure JavaScript. Same names as `backend.ts`. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { argon2idAsync } from "@noble/hashes/argon2.js";
import { sha256 as hash, sha384 as hash384, sha512 as hash512 } from "@noble/hashes/sha2.js";
import { randomBytes as random } from "@noble/hashes/utils.js";
import { concatBytes, equalBytes } from "#base";

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash(bytes);
}

export function sha256Into(digest: Uint8Array, bytes: Uint8Array): void {
  digest.set(hash(bytes));
}

export function sha384(bytes: Uint8Array): Uint8Array {
  return hash384(bytes);
}

export function sha512(bytes: Uint8Array): Uint8Array {
  return hash512(bytes);
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

export function ed25519Signer(secret: Uint8Array): (data: Uint8Array) => Uint8Array {
  const own = secret.slice();
  return (data) => ed25519.sign(data, own);
}

export function ed25519Verify(data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  try {
    return verifyAsLibsodium(data, signature, publicKey);
  } catch {
    return false;
  }
}

export function isEd25519Point(bytes: Uint8Array): boolean {
  try {
    if (bytes.length !== 32) return false;
    const point = ed25519.Point.fromBytes(bytes);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}

/**
 * Two verifiers must not differ on one signature. libsodium computes R without the cofactor and refuses points of small order;
 * noble's own `verify` multiplies by the cofactor, and accepts what a key's owner forged with a point of small order in it.
 */
function verifyAsLibsodium(data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  const { BASE, Fn } = ed25519.Point;
  const given = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= Fn.ORDER || ed25519.Point.fromBytes(given).isSmallOrder()) return false;
  const key = ed25519.Point.fromBytes(publicKey);
  if (key.isSmallOrder()) return false;
  const k = littleEndian(hash512(concatBytes(given, publicKey, data))) % Fn.ORDER;
  const r = BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k));
  return equalBytes(r.toBytes(), given);
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

export type EcCurve = "P-256" | "P-384" | "secp256k1";

/** noble's curves know the hash that goes with them. */
const CURVES = {
  "P-256": { curve: p256, width: 32 },
  "P-384": { curve: p384, width: 48 },
  secp256k1: { curve: secp256k1, width: 32 },
} as const;

export function ecPublicKey(curve: EcCurve, secret: Uint8Array): Uint8Array {
  return CURVES[curve].curve.getPublicKey(secret, true);
}

export function ecSign(curve: EcCurve, data: Uint8Array, secret: Uint8Array): Uint8Array {
  return CURVES[curve].curve.sign(data, secret, { prehash: true, lowS: false });
}

export function ecSigner(curve: EcCurve, secret: Uint8Array): (data: Uint8Array) => Uint8Array {
  const own = secret.slice();
  return (data) => ecSign(curve, data, own);
}

export function ecVerify(curve: EcCurve, data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  const { curve: noble, width } = CURVES[curve];
  if (signature.length !== 2 * width || publicKey.length !== 1 + width) return false;
  try {
    return noble.verify(signature, data, publicKey, { prehash: true, lowS: false });
  } catch {
    return false;
  }
}

export function isEcPublicKey(curve: EcCurve, publicKey: Uint8Array): boolean {
  return uncompressPoint(curve, publicKey) !== undefined;
}

export function uncompressPoint(curve: EcCurve, compressed: Uint8Array): Uint8Array | undefined {
  const { curve: noble, width } = CURVES[curve];
  if (compressed.length !== 1 + width) return undefined;
  try {
    return noble.Point.fromBytes(compressed).toBytes(false);
  } catch {
    return undefined;
  }
}

export function argon2id(
  passphrase: Uint8Array,
  salt: Uint8Array,
  passes: number,
  memory: number,
): Promise<Uint8Array> {
  return argon2idAsync(passphrase, salt, { t: passes, m: memory / 1024, p: 1, dkLen: 32 });
}

export function randomBytes(length: number): Uint8Array {
  return random(length);
}
