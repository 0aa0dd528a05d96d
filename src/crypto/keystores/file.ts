/**
 * A key store in one encrypted file. Header (58 bytes, authenticated): "HANSAKEY", version u8, KDF u8, Argon2id passes u32,
 * memory in KiB u32, salt 16, nonce 24. Then the contents under XChaCha20-Poly1305, then SHA-256 of all before it, which
 * tells a damaged file from a wrong passphrase without any secret. Big endian.
 */
import sodium from "sodium-native";
import { type Clock, concatBytes, encodeUtf8, equalBytes, isHansaError, systemClock } from "#base";
import { randomBytes, sha256 } from "#crypto/backend";
import { cryptoError } from "../errors.ts";
import {
  DEFAULT_COST,
  encodePassphrase,
  isAllowedCost,
  type PassphraseCost,
  requirePassphrase,
} from "../passphrase.ts";
import { copySecret, equalSecret, secretBytes, wipe } from "../secret.ts";
import { emptyContents, KeyRing } from "./key-ring.ts";
import {
  createPrivateFile,
  MAX_FILE_LENGTH,
  privateFileExists,
  readPrivateFile,
  replacePrivateFile,
} from "./private-file.ts";

const MAGIC = encodeUtf8("HANSAKEY");
const VERSION = 1;
const ARGON2ID13 = 2;
const SALT_AT = 18;
const NONCE_AT = 34;
const HEADER_LENGTH = 58;
const TAG_LENGTH = 16;
const CHECKSUM_LENGTH = 32;

export interface KeyFileOptions {
  /** Only for `createKeyFile`, and kept in the file. */
  readonly cost?: PassphraseCost;
  /** Where `created` of new keys comes from. */
  readonly clock?: Clock;
}

function passphraseBytes(passphrase: string | Uint8Array): Uint8Array {
  const bytes = typeof passphrase === "string" ? encodePassphrase(passphrase) : copySecret(passphrase);
  requirePassphrase(bytes);
  return bytes;
}

async function deriveKey(passphrase: string | Uint8Array, salt: Uint8Array, cost: PassphraseCost): Promise<Uint8Array> {
  const bytes = passphraseBytes(passphrase);
  const key = secretBytes(32);
  try {
    await sodium.crypto_pwhash_async(key, bytes, salt, cost.passes, cost.memory, sodium.crypto_pwhash_ALG_ARGON2ID13);
  } finally {
    wipe(bytes);
  }
  return key;
}

/** The key of a file with what it was derived from. */
interface Lock {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  readonly cost: PassphraseCost;
}

async function createLock(passphrase: string | Uint8Array, cost: PassphraseCost): Promise<Lock> {
  const salt = randomBytes(16);
  return { key: await deriveKey(passphrase, salt, cost), salt, cost };
}

/** A whole file around the contents, with a fresh nonce. */
function encodeFile({ key, salt, cost }: Lock, contents: Uint8Array): Uint8Array {
  const file = new Uint8Array(HEADER_LENGTH + contents.length + TAG_LENGTH);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  file[8] = VERSION;
  file[9] = ARGON2ID13;
  view.setUint32(10, cost.passes);
  view.setUint32(14, cost.memory / 1024);
  file.set(salt, SALT_AT);
  file.set(randomBytes(24), NONCE_AT);
  const header = file.subarray(0, HEADER_LENGTH);
  const sealed = file.subarray(HEADER_LENGTH);
  const nonce = file.subarray(NONCE_AT, HEADER_LENGTH);
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, contents, header, null, nonce, key);
  return concatBytes(file, sha256(file));
}

interface ReadFile {
  readonly header: Uint8Array;
  readonly sealed: Uint8Array;
  readonly salt: Uint8Array;
  readonly cost: PassphraseCost;
}

function decodeFile(path: string, bytes: Uint8Array): ReadFile {
  const damaged = (what: string) => cryptoError("crypto.keystore-damaged", `${path}: ${what}`, { path });
  if (bytes.length < HEADER_LENGTH + TAG_LENGTH + CHECKSUM_LENGTH || bytes.length > MAX_FILE_LENGTH)
    throw damaged("too short or too long for a key file");
  if (!equalBytes(bytes.subarray(0, 8), MAGIC)) throw damaged("not a key file");
  const body = bytes.subarray(0, bytes.length - CHECKSUM_LENGTH);
  if (!equalBytes(sha256(body), bytes.subarray(body.length))) throw damaged("the checksum does not match");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const cost = { passes: view.getUint32(10), memory: view.getUint32(14) * 1024 };
  if (body[8] !== VERSION || body[9] !== ARGON2ID13) throw damaged("an unknown version or key derivation");
  if (!isAllowedCost(cost)) throw damaged("the cost of the passphrase's hash is out of bounds");
  const header = body.subarray(0, HEADER_LENGTH);
  return { header, sealed: body.subarray(HEADER_LENGTH), salt: body.slice(SALT_AT, NONCE_AT), cost };
}

/** The file as the store last saw it, shared between a `KeyFile` and its keeper. */
interface FileState {
  readonly path: string;
  lock: Lock;
  header: Uint8Array;
}

function keep(state: FileState, contents: Uint8Array): void {
  const file = encodeFile(state.lock, contents);
  replacePrivateFile(state.path, file, state.header);
  state.header = file.slice(0, HEADER_LENGTH);
}

/** An open key file. Made by `createKeyFile` and `openKeyFile`. */
export class KeyFile extends KeyRing {
  readonly #state: FileState;

  constructor(state: FileState, clock: Clock, contents?: Uint8Array) {
    super(clock, (changed) => keep(state, changed), contents);
    this.#state = state;
  }

  /**
   * Seals the file under another passphrase, with a fresh salt. Copies made before still open with the old one.
   *
   * @throws HansaError `crypto.keystore-locked`, `crypto.passphrase`, `crypto.keystore-conflict`, `crypto.keystore-io`,
   *   `crypto.keystore-closed`
   */
  async changePassphrase(old: string | Uint8Array, next: string | Uint8Array): Promise<void> {
    const state = this.#state;
    const before = state.lock;
    wipe(passphraseBytes(next));
    const check = await deriveKey(old, before.salt, before.cost);
    const right = equalSecret(check, before.key);
    wipe(check);
    // Closed while hashing: the key is zero then, and `keepAgain` below says so; before it, nothing may be told.
    this.list();
    if (!right) throw locked(state.path);
    state.lock = await createLock(next, before.cost);
    try {
      this.keepAgain();
    } catch (error) {
      wipe(state.lock.key);
      state.lock = before;
      throw error;
    }
    wipe(before.key);
  }

  override close(): void {
    super.close();
    wipe(this.#state.lock.key);
  }
}

function locked(path: string) {
  return cryptoError("crypto.keystore-locked", `the passphrase does not open ${path}`, { path });
}

/**
 * Makes a new, empty key file, readable by its owner only.
 *
 * @throws HansaError `crypto.keystore-exists`, `crypto.passphrase`, `crypto.argon2`, `crypto.keystore-io`
 * @example
 * ```ts
 * const keys = await createKeyFile("member.keys", passphrase);
 * keys.generate("member", "Ed25519");
 * keys.close();
 * ```
 */
export async function createKeyFile(
  path: string,
  passphrase: string | Uint8Array,
  { cost = DEFAULT_COST, clock = systemClock }: KeyFileOptions = {},
): Promise<KeyFile> {
  if (!isAllowedCost(cost)) throw cryptoError("crypto.argon2", "the cost is out of bounds", { ...cost });
  if (privateFileExists(path)) throw cryptoError("crypto.keystore-exists", `${path} exists already`, { path });
  const lock = await createLock(passphrase, cost);
  const empty = emptyContents();
  try {
    const file = encodeFile(lock, empty);
    createPrivateFile(path, file);
    return new KeyFile({ path, lock, header: file.slice(0, HEADER_LENGTH) }, clock, empty);
  } catch (error) {
    wipe(lock.key);
    throw error;
  }
}

/**
 * Opens a key file.
 *
 * @throws HansaError `crypto.keystore-missing`, `crypto.keystore-permissions` (others may read it), `crypto.keystore-damaged`,
 *   `crypto.keystore-locked` (wrong passphrase), `crypto.passphrase`, `crypto.keystore-io`
 */
export async function openKeyFile(
  path: string,
  passphrase: string | Uint8Array,
  { clock = systemClock }: KeyFileOptions = {},
): Promise<KeyFile> {
  const { header, sealed, salt, cost } = decodeFile(path, readPrivateFile(path));
  const key = await deriveKey(passphrase, salt, cost);
  const contents = secretBytes(sealed.length - TAG_LENGTH);
  try {
    try {
      const nonce = header.subarray(NONCE_AT);
      sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(contents, null, sealed, header, nonce, key);
    } catch {
      throw locked(path);
    }
    return new KeyFile({ path, lock: { key, salt, cost }, header: header.slice() }, clock, contents);
  } catch (error) {
    wipe(key);
    throw isHansaError(error) ? error : cryptoError("crypto.keystore-damaged", `${path} is malformed`, { path });
  } finally {
    wipe(contents);
  }
}
