/** What handles secret bytes, with libsodium: Node only. */
import sodium from "sodium-native";
import { randomBytes } from "#crypto/backend";
import { cryptoError } from "./errors.ts";

const KEY_LENGTH = 32;
const NONCE_LENGTH = 24;
const TAG_LENGTH = 16;

/**
 * Zeroed bytes for a secret. Outside of V8's heap, where small arrays live and are moved: a copy left behind by the garbage
 * collector could not be wiped.
 */
export function secretBytes(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length));
}

/** A copy of a secret, in bytes of its own. */
export function copySecret(secret: Uint8Array): Uint8Array {
  const copy = secretBytes(secret.length);
  copy.set(secret);
  return copy;
}

/** Overwrites a secret with zeros, which no compiler leaves out. */
export function wipe(secret: Uint8Array): void {
  if (secret.length > 0) sodium.sodium_memzero(secret);
}

/** Equality in time that depends on the lengths alone. */
export function equalSecret(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  return a.length === 0 || sodium.sodium_memcmp(a, b);
}

function checkKey(key: Uint8Array): void {
  if (key.length !== KEY_LENGTH) throw cryptoError("crypto.seal-key", "a sealing key is not 32 bytes");
}

/**
 * Seals bytes with XChaCha20-Poly1305: random 24-byte nonce ‖ ciphertext ‖ tag, 40 bytes longer than the plaintext. The
 * nonce is long enough that random ones never meet, however much one key seals.
 *
 * @param key - 32 bytes
 * @param associated - authenticated with it, not contained in it: say what the bytes are for
 * @throws HansaError `crypto.seal-key`
 * @example
 * ```ts
 * const sealed = seal(store.dataKey("wallet"), plaintext, encodeUtf8("wallet/7"));
 * open(store.dataKey("wallet"), sealed, encodeUtf8("wallet/7")); // plaintext
 * ```
 */
export function seal(key: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
  checkKey(key);
  const sealed = new Uint8Array(NONCE_LENGTH + plaintext.length + TAG_LENGTH);
  const nonce = sealed.subarray(0, NONCE_LENGTH);
  nonce.set(randomBytes(NONCE_LENGTH));
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    sealed.subarray(NONCE_LENGTH),
    plaintext,
    associated,
    null,
    nonce,
    key,
  );
  return sealed;
}

/**
 * Opens what `seal` made. The answer is a secret: `wipe` it when done.
 *
 * @throws HansaError `crypto.seal-broken`, `crypto.seal-key`
 */
export function open(key: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array {
  checkKey(key);
  if (sealed.length < NONCE_LENGTH + TAG_LENGTH) throw cryptoError("crypto.seal-broken", "sealed bytes are cut short");
  const plaintext = secretBytes(sealed.length - NONCE_LENGTH - TAG_LENGTH);
  const nonce = sealed.subarray(0, NONCE_LENGTH);
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      plaintext,
      null,
      sealed.subarray(NONCE_LENGTH),
      associated,
      nonce,
      key,
    );
  } catch {
    throw cryptoError("crypto.seal-broken", "sealed bytes do not open");
  }
  return plaintext;
}
