/**
 * A backup of a wallet: "HANSAWAL", version u8, KDF u8, Argon2id passes u32, memory in KiB u32, salt 16 (34 bytes, authenticated); then
 * the contents under AES-256-GCM, nonce first; then SHA-256 of all before it, which tells a damaged file from a wrong passphrase. Big
 * endian. The contents are JSON: `{"version":1,"made":…,"entries":[[kind, id, value in base64url], …]}`.
 */
import {
  concatBytes,
  decodeBase64Url,
  decodeUtf8,
  encodeBase64Url,
  encodeUtf8,
  equalBytes,
  isHansaError,
  type Json,
  type JsonObject,
  parseJson,
} from "#base";
import { DEFAULT_COST, derivePassphraseKey, isAllowedCost, type PassphraseCost, randomBytes, sha256 } from "#crypto";
import { walletError } from "./errors.ts";
import type { WalletEntry, WalletKind } from "./wallet-store.ts";
import { importSealKey, openBytes, SEAL_LENGTH, type SealKey, sealBytes } from "./web-seal.ts";

const MAGIC = encodeUtf8("HANSAWAL");
const VERSION = 1;
const ARGON2ID13 = 2;
const SALT_AT = 18;
const HEADER_LENGTH = 34;
const CHECKSUM_LENGTH = 32;

/** Largest backup that is written and read, in bytes. */
export const MAX_BACKUP = 256 * 2 ** 20;
/** Most entries of one. */
const MAX_ENTRIES = 1_000_000;

/** An entry with its kind. */
export type BackupEntry = WalletEntry & { readonly kind: WalletKind };

const KINDS: readonly string[] = ["key", "credential", "shown"] satisfies WalletKind[];

/** @throws HansaError `wallet.limit`, `crypto.passphrase`, `crypto.argon2` */
export async function encodeBackup(
  entries: readonly BackupEntry[],
  passphrase: string,
  made: number,
  cost: PassphraseCost = DEFAULT_COST,
): Promise<Uint8Array> {
  const list = entries.map(({ kind, id, value }) => [kind, id, encodeBase64Url(value)]);
  const contents = encodeUtf8(JSON.stringify({ version: 1, made, entries: list }));
  if (contents.length + HEADER_LENGTH + SEAL_LENGTH + CHECKSUM_LENGTH > MAX_BACKUP)
    throw walletError("wallet.limit", `a backup has at most ${MAX_BACKUP} bytes`, { limit: MAX_BACKUP });
  const header = new Uint8Array(HEADER_LENGTH);
  const view = new DataView(header.buffer);
  header.set(MAGIC);
  header[8] = VERSION;
  header[9] = ARGON2ID13;
  view.setUint32(10, cost.passes);
  view.setUint32(14, cost.memory / 1024);
  header.set(randomBytes(16), SALT_AT);
  try {
    const key = await keyOf(passphrase, header, cost);
    const body = concatBytes(header, await sealBytes(key, contents, header));
    return concatBytes(body, sha256(body));
  } finally {
    contents.fill(0);
  }
}

async function keyOf(passphrase: string, header: Uint8Array, cost: PassphraseCost): Promise<SealKey> {
  const bytes = await derivePassphraseKey(passphrase, header.slice(SALT_AT, HEADER_LENGTH), cost);
  try {
    return await importSealKey(bytes);
  } finally {
    bytes.fill(0);
  }
}

/**
 * Opens a backup. Entries are as they were written, and not looked into.
 *
 * @throws HansaError `wallet.damaged`, `wallet.locked`, `crypto.passphrase`
 */
export async function decodeBackup(given: Uint8Array, passphrase: string): Promise<BackupEntry[]> {
  // A Buffer of Node's has a `slice` that shares memory, which is not to be relied on here.
  const file = new Uint8Array(given.buffer, given.byteOffset, given.length);
  if (file.length < HEADER_LENGTH + SEAL_LENGTH + CHECKSUM_LENGTH || file.length > MAX_BACKUP)
    throw damaged("it is too short or too long for a backup of a wallet");
  if (!equalBytes(file.subarray(0, 8), MAGIC)) throw damaged("it is no backup of a wallet");
  const body = file.subarray(0, file.length - CHECKSUM_LENGTH);
  if (!equalBytes(sha256(body), file.subarray(body.length))) throw damaged("its checksum does not match");
  const header = body.slice(0, HEADER_LENGTH);
  const view = new DataView(header.buffer);
  const cost = { passes: view.getUint32(10), memory: view.getUint32(14) * 1024 };
  if (header[8] !== VERSION || header[9] !== ARGON2ID13) throw damaged("its version is not known here");
  if (!isAllowedCost(cost)) throw damaged("the cost of its passphrase is out of bounds");
  const contents = await openBytes(await keyOf(passphrase, header, cost), body.subarray(HEADER_LENGTH), header);
  if (contents === undefined) throw walletError("wallet.locked", "the passphrase does not open the backup");
  try {
    return readContents(contents);
  } catch (error) {
    if (isHansaError(error) && !error.code.startsWith("json.")) throw error;
    throw damaged("its contents are malformed");
  } finally {
    contents.fill(0);
  }
}

function readContents(contents: Uint8Array): BackupEntry[] {
  const text = decodeUtf8(contents);
  if (text === undefined) throw damaged("its contents are no text");
  const { version, entries } = parseJson(text, { depth: 3, integers: true }) as JsonObject;
  if (version !== 1 || !Array.isArray(entries) || entries.length > MAX_ENTRIES)
    throw damaged("its contents are of a version that is not known here");
  return (entries as readonly Json[]).map((entry) => {
    const [kind, id, encoded] = Array.isArray(entry) ? (entry as readonly Json[]) : [];
    const value = typeof encoded === "string" ? decodeBase64Url(encoded) : undefined;
    if (!KINDS.includes(kind as string) || typeof id !== "string" || value === undefined)
      throw damaged("an entry of it is malformed");
    return { kind: kind as WalletKind, id, value };
  });
}

function damaged(problem: string) {
  return walletError("wallet.damaged", `the backup cannot be read: ${problem}`, { problem });
}
