/**
 * The primitives on Node: native code throughout. `package.json` maps `#crypto/backend` to `backend.browser.ts` in a
 * browser; both have the same names, and `backend.test.ts` holds one against the other.
 */
import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  ECDH,
  hash as hashOnce,
  type KeyObject,
  sign as signWith,
  verify as verifyWith,
} from "node:crypto";
import hashtree from "@chainsafe/hashtree";
import sodium from "sodium-native";
import { encodeBase64Url, Lru } from "#base";

/** From here on OpenSSL's SHA-256, which uses the processor's own instructions, makes good for its dearer call. */
const LONG = 256;

/** SHA-256 of the bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const digest = new Uint8Array(32);
  sha256Into(digest, bytes);
  return digest;
}

/** SHA-256 of the bytes into `digest`, 32 bytes: where a million hashes are made, a million small arrays are not. */
export function sha256Into(digest: Uint8Array, bytes: Uint8Array): void {
  if (bytes.length < LONG) {
    sodium.crypto_hash_sha256(digest, bytes);
    return;
  }
  // As text, a character a byte: a Buffer would have memory of its own, which takes longer to make and to give back.
  const text = hashOnce("sha256", bytes, "binary");
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i);
}

/** SHA-384 of the bytes: what ECDSA over P-384 goes with. */
export function sha384(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha384").update(bytes).digest());
}

/** SHA-512 of the bytes. */
export function sha512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha512").update(bytes).digest());
}

/** SHA-256 of the parts, one behind the other. */
export function sha256Parts(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/**
 * SHA-256 of `count` blocks of 64 bytes each.
 *
 * @param pairs - count × 64 bytes
 * @param out - receives count × 32 bytes
 */
export function hashPairs(pairs: Uint8Array, out: Uint8Array, count: number): void {
  if (count === 0) return;
  hashtree.hashInto(pairs.subarray(0, count * 64), out.subarray(0, count * 32));
}

export function ed25519PublicKey(secret: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(32);
  const expanded = new Uint8Array(64);
  sodium.crypto_sign_seed_keypair(publicKey, expanded, secret);
  sodium.sodium_memzero(expanded);
  return publicKey;
}

export function ed25519Sign(data: Uint8Array, secret: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(32);
  const expanded = new Uint8Array(64);
  sodium.crypto_sign_seed_keypair(publicKey, expanded, secret);
  const signature = new Uint8Array(64);
  sodium.crypto_sign_detached(signature, data, expanded);
  sodium.sodium_memzero(expanded);
  return signature;
}

/** `ed25519Sign` for a secret that signs many times: what is derived from it, is derived once. */
export function ed25519Signer(secret: Uint8Array): (data: Uint8Array) => Uint8Array {
  const expanded = new Uint8Array(64);
  sodium.crypto_sign_seed_keypair(new Uint8Array(32), expanded, secret);
  return (data) => {
    const signature = new Uint8Array(64);
    sodium.crypto_sign_detached(signature, data, expanded);
    return signature;
  };
}

export function ed25519Verify(data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  return sodium.crypto_sign_verify_detached(signature, data, publicKey);
}

/** Whether the bytes are a point of edwards25519 that may be a key: canonical, of the large subgroup, not the identity. */
export function isEd25519Point(bytes: Uint8Array): boolean {
  return bytes.length === 32 && sodium.crypto_core_ed25519_is_valid_point(bytes);
}

/** The NIST/SECG curves that Hansa signs with. */
export type EcCurve = "P-256" | "P-384" | "secp256k1";

/** OpenSSL's name of a curve, the hash that ECDSA goes with on it (RFC 7518 §3.4, RFC 8812 §3.2), and the bytes of a coordinate. */
const CURVES = {
  "P-256": { name: "prime256v1", hash: "sha256", width: 32 },
  "P-384": { name: "secp384r1", hash: "sha384", width: 48 },
  secp256k1: { name: "secp256k1", hash: "sha256", width: 32 },
} as const;

/** Importing a key costs as much as a check: imported keys are kept, by curve and public bytes. */
const imported = new Lru<string, KeyObject>(8192);

function ecPublicKeyObject(curve: EcCurve, compressed: Uint8Array): KeyObject | undefined {
  const name = `${curve}:${encodeBase64Url(compressed)}`;
  const known = imported.get(name);
  if (known !== undefined) return known;
  try {
    const point = ECDH.convertKey(compressed, CURVES[curve].name, undefined, undefined, "uncompressed") as Buffer;
    const key = createPublicKey({ format: "jwk", key: ecJwk(curve, point) });
    imported.set(name, key);
    return key;
  } catch {
    return undefined;
  }
}

function ecJwk(curve: EcCurve, point: Uint8Array) {
  const { width } = CURVES[curve];
  return {
    kty: "EC",
    crv: curve,
    x: encodeBase64Url(point.subarray(1, 1 + width)),
    y: encodeBase64Url(point.subarray(1 + width)),
  };
}

function ecPoint(curve: EcCurve, secret: Uint8Array): Uint8Array {
  const ecdh = createECDH(CURVES[curve].name);
  ecdh.setPrivateKey(secret);
  return new Uint8Array(ecdh.getPublicKey());
}

export function ecPublicKey(curve: EcCurve, secret: Uint8Array): Uint8Array {
  const point = ecPoint(curve, secret);
  return new Uint8Array(ECDH.convertKey(point, CURVES[curve].name, undefined, undefined, "compressed") as Buffer);
}

/** ECDSA over the curve's hash, r ‖ s as RFC 7518 §3.4 has it. */
export function ecSign(curve: EcCurve, data: Uint8Array, secret: Uint8Array): Uint8Array {
  return ecSigner(curve, secret)(data);
}

/** `ecSign` for a secret that signs many times: importing it costs more than a signature. */
export function ecSigner(curve: EcCurve, secret: Uint8Array): (data: Uint8Array) => Uint8Array {
  const jwk = { ...ecJwk(curve, ecPoint(curve, secret)), d: encodeBase64Url(secret) };
  const key = createPrivateKey({ format: "jwk", key: jwk });
  return (data) => new Uint8Array(signWith(CURVES[curve].hash, data, { key, dsaEncoding: "ieee-p1363" }));
}

export function ecVerify(curve: EcCurve, data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  const { hash, width } = CURVES[curve];
  if (signature.length !== 2 * width || publicKey.length !== 1 + width) return false;
  const key = ecPublicKeyObject(curve, publicKey);
  return key !== undefined && verifyWith(hash, data, { key, dsaEncoding: "ieee-p1363" }, signature);
}

/** Whether the bytes are a point of the curve, compressed. */
export function isEcPublicKey(curve: EcCurve, publicKey: Uint8Array): boolean {
  return publicKey.length === 1 + CURVES[curve].width && ecPublicKeyObject(curve, publicKey) !== undefined;
}

/**
 * A compressed point (SEC 1 §2.3.3) in its long form, `04 ‖ x ‖ y`; `undefined` where the bytes are no point of the curve in compressed
 * form.
 */
export function uncompressPoint(curve: EcCurve, compressed: Uint8Array): Uint8Array | undefined {
  const { name, width } = CURVES[curve];
  // OpenSSL takes the long form and the hybrid one, too; their lengths and first bytes differ.
  if (compressed.length !== 1 + width || (compressed[0] !== 2 && compressed[0] !== 3)) return undefined;
  try {
    return new Uint8Array(ECDH.convertKey(compressed, name, undefined, undefined, "uncompressed") as Buffer);
  } catch {
    return undefined;
  }
}

/** Argon2id (RFC 9106), version 0x13, one lane: 32 bytes. `memory` in bytes, whole KiB. On a thread of its own. */
export async function argon2id(
  passphrase: Uint8Array,
  salt: Uint8Array,
  passes: number,
  memory: number,
): Promise<Uint8Array> {
  const key = new Uint8Array(new ArrayBuffer(32));
  await sodium.crypto_pwhash_async(key, passphrase, salt, passes, memory, sodium.crypto_pwhash_ALG_ARGON2ID13);
  return key;
}

/** Random bytes of the operating system. */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  sodium.randombytes_buf(bytes);
  return bytes;
}
