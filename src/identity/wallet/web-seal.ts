/**
 * What a wallet seals with WebCrypto: the same bytes in Node and in browsers. AES-256-GCM with a random nonce of 96 bits, which for the
 * few thousand entries of a wallet never meet; names under HMAC-SHA-256, so that equal ones are found without being told.
 */
import { concatBytes, encodeUtf8 } from "#base";
import { randomBytes } from "#crypto";

const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/** Bytes that sealing adds. */
export const SEAL_LENGTH = NONCE_LENGTH + TAG_LENGTH;

/** A key of WebCrypto; its secret cannot be read from it. */
export type SealKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

// The types of WebCrypto want memory that is not shared; ours never is.
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>;

/** @param bytes - 32, the caller's to wipe afterwards */
export async function importSealKey(bytes: Uint8Array): Promise<SealKey> {
  return crypto.subtle.importKey("raw", own(bytes), "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** @param associated - authenticated with it, not contained in it */
export async function sealBytes(key: SealKey, plaintext: Uint8Array, associated: Uint8Array): Promise<Uint8Array> {
  const iv = randomBytes(NONCE_LENGTH);
  const how = { name: "AES-GCM", iv: own(iv), additionalData: own(associated) };
  return concatBytes(iv, new Uint8Array(await crypto.subtle.encrypt(how, key, own(plaintext))));
}

/** What was sealed; `undefined` where it was changed, or sealed with another key or for something else. */
export async function openBytes(
  key: SealKey,
  sealed: Uint8Array,
  associated: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (sealed.length < SEAL_LENGTH) return undefined;
  const how = { name: "AES-GCM", iv: own(sealed.slice(0, NONCE_LENGTH)), additionalData: own(associated) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how, key, own(sealed.slice(NONCE_LENGTH))));
  } catch {
    // WebCrypto says no more than that it failed.
    return undefined;
  }
}

/** @param bytes - 32, the caller's to wipe afterwards */
export async function importNameKey(bytes: Uint8Array): Promise<SealKey> {
  return crypto.subtle.importKey("raw", own(bytes), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

/** A name that tells nothing to whoever does not have the key. */
export async function hideName(key: SealKey, name: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, own(encodeUtf8(name))));
}
