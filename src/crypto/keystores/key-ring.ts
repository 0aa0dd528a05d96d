import { type Clock, compareText } from "#base";
import { randomBytes } from "#crypto/backend";
import { cryptoError } from "../errors.ts";
import { copySecret, secretBytes, wipe } from "../secret.ts";
import type { Signer } from "../signer.ts";
import { suiteOf } from "../suites/index.ts";
import type { Algorithm } from "../suites/suite.ts";
import { type KeyStore, MAX_KEYS, type StoredKey } from "./key-store.ts";

interface Entry {
  readonly algorithm: Algorithm;
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly created: number;
  wiped: boolean;
}

type Entries = ReadonlyMap<string, Entry>;
type DataKeys = ReadonlyMap<string, Uint8Array>;

/** Keeps the encoded contents, or throws. The bytes are wiped afterwards. */
export type KeepContents = (contents: Uint8Array) => void;

const CONTENTS_VERSION = 1;
// Numbers of the file's format: never changed, only added to.
const ALGORITHM_NUMBERS: Readonly<Record<Algorithm, number>> = { Ed25519: 1, "P-256": 2, secp256k1: 3 };
const NAME = /^[A-Za-z0-9._:#/-]{1,128}$/;
const SECRET_LENGTH = 32;

/**
 * Keys in memory: what every key store of this room is made of. All secrets sit in private fields, which neither
 * JSON.stringify nor util.inspect shows.
 */
export class KeyRing implements KeyStore {
  #entries: Entries;
  #dataKeys: DataKeys;
  #closed = false;
  readonly #keep: KeepContents;
  readonly #clock: Clock;

  /**
   * @param contents - as `KeepContents` got them; left to the caller to wipe
   * @throws HansaError `crypto.keystore-damaged`
   */
  constructor(clock: Clock, keep: KeepContents = () => {}, contents?: Uint8Array) {
    this.#clock = clock;
    this.#keep = keep;
    const { entries, dataKeys } =
      contents === undefined ? { entries: new Map(), dataKeys: new Map() } : decodeContents(contents);
    this.#entries = entries;
    this.#dataKeys = dataKeys;
  }

  #checkOpen(): void {
    if (this.#closed) throw cryptoError("crypto.keystore-closed", "the key store is closed");
  }

  #checkNew(name: string, held: ReadonlyMap<string, unknown>, more: number): void {
    if (!NAME.test(name)) throw cryptoError("crypto.key-name", "this cannot be the name of a key");
    if (held.has(name)) throw cryptoError("crypto.key-exists", `there is a key ${name} already`, { name });
    if (held.size + more > MAX_KEYS)
      throw cryptoError("crypto.key-limit", `the key store holds ${MAX_KEYS} keys already`, { limit: MAX_KEYS });
  }

  #entry(name: string): Entry {
    this.#checkOpen();
    const entry = this.#entries.get(name);
    if (entry === undefined) throw cryptoError("crypto.key-unknown", `there is no key ${name}`, { name });
    return entry;
  }

  /** Kept first, taken over second: where keeping throws, nothing has changed. */
  #change(entries: Entries, dataKeys: DataKeys): void {
    const contents = encodeContents(entries, dataKeys);
    try {
      this.#keep(contents);
    } finally {
      wipe(contents);
    }
    this.#entries = entries;
    this.#dataKeys = dataKeys;
  }

  /** Has the contents kept once more, as they are. */
  protected keepAgain(): void {
    this.#checkOpen();
    this.#change(this.#entries, this.#dataKeys);
  }

  list(): StoredKey[] {
    this.#checkOpen();
    return [...this.#entries].map(([name, entry]) => describe(name, entry)).sort((a, b) => compareText(a.name, b.name));
  }

  add(name: string, algorithm: Algorithm, secret: Uint8Array): StoredKey {
    this.#checkOpen();
    this.#checkNew(name, this.#entries, 1);
    const own = copySecret(secret);
    try {
      const entry = {
        algorithm,
        secret: own,
        publicKey: publicKeyOf(algorithm, own),
        created: this.#clock.now(),
        wiped: false,
      };
      this.#change(new Map([...this.#entries, [name, entry]]), this.#dataKeys);
      return describe(name, entry);
    } catch (error) {
      wipe(own);
      throw error;
    }
  }

  generate(name: string, algorithm: Algorithm): StoredKey {
    this.#checkOpen();
    const secret = suiteOf(algorithm).generate();
    try {
      return this.add(name, algorithm, secret);
    } finally {
      wipe(secret);
    }
  }

  remove(name: string): void {
    const entry = this.#entry(name);
    const entries = new Map(this.#entries);
    entries.delete(name);
    this.#change(entries, this.#dataKeys);
    wipeEntry(entry);
  }

  rename(name: string, to: string): void {
    const entry = this.#entry(name);
    this.#checkNew(to, this.#entries, 0);
    const entries = new Map(this.#entries);
    entries.delete(name);
    entries.set(to, entry);
    this.#change(entries, this.#dataKeys);
  }

  signer(name: string): Signer {
    const entry = this.#entry(name);
    const suite = suiteOf(entry.algorithm);
    return {
      algorithm: entry.algorithm,
      publicKey: entry.publicKey.slice(),
      sign(data) {
        if (entry.wiped) throw cryptoError("crypto.keystore-closed", "the key behind this signer is gone");
        return suite.sign(data, entry.secret);
      },
    };
  }

  dataKey(name: string): Uint8Array {
    this.#checkOpen();
    const known = this.#dataKeys.get(name);
    if (known !== undefined) return copySecret(known);
    this.#checkNew(name, this.#dataKeys, 1);
    const drawn = randomBytes(SECRET_LENGTH);
    const key = copySecret(drawn);
    wipe(drawn);
    this.#change(this.#entries, new Map([...this.#dataKeys, [name, key]]));
    return copySecret(key);
  }

  dataKeyNames(): string[] {
    this.#checkOpen();
    return [...this.#dataKeys.keys()].sort(compareText);
  }

  close(): void {
    this.#closed = true;
    for (const entry of this.#entries.values()) wipeEntry(entry);
    for (const key of this.#dataKeys.values()) wipe(key);
    this.#entries = new Map();
    this.#dataKeys = new Map();
  }
}

function wipeEntry(entry: Entry): void {
  entry.wiped = true;
  wipe(entry.secret);
}

function describe(name: string, { algorithm, publicKey, created }: Entry): StoredKey {
  return { name, algorithm, publicKey: publicKey.slice(), created };
}

function publicKeyOf(algorithm: Algorithm, secret: Uint8Array): Uint8Array {
  // The cause is dropped: what a library says of a bad private key could quote it.
  let publicKey: Uint8Array | undefined;
  try {
    if (secret.length === SECRET_LENGTH) publicKey = suiteOf(algorithm).publicKey(secret);
  } catch {}
  if (publicKey === undefined) throw cryptoError("crypto.key-invalid", `this is no private key of ${algorithm}`);
  return publicKey;
}

/** The format of the contents, big endian: version u8; per list a u16 count and its items; names with a u8 length. */
function encodeContents(entries: Entries, dataKeys: DataKeys): Uint8Array {
  let length = 1 + 2 + 2;
  for (const [name, { publicKey }] of entries) length += 1 + name.length + 1 + 8 + SECRET_LENGTH + 1 + publicKey.length;
  for (const name of dataKeys.keys()) length += 1 + name.length + SECRET_LENGTH;
  const bytes = secretBytes(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const putBytes = (part: Uint8Array) => {
    bytes.set(part, at);
    at += part.length;
  };
  const putName = (name: string) => {
    bytes[at++] = name.length;
    for (let i = 0; i < name.length; i++) bytes[at++] = name.charCodeAt(i);
  };
  bytes[at++] = CONTENTS_VERSION;
  view.setUint16(at, entries.size);
  at += 2;
  for (const [name, entry] of entries) {
    putName(name);
    bytes[at++] = ALGORITHM_NUMBERS[entry.algorithm];
    view.setFloat64(at, entry.created);
    at += 8;
    putBytes(entry.secret);
    bytes[at++] = entry.publicKey.length;
    putBytes(entry.publicKey);
  }
  view.setUint16(at, dataKeys.size);
  at += 2;
  for (const [name, key] of dataKeys) {
    putName(name);
    putBytes(key);
  }
  return bytes;
}

/** The contents of a store without keys. */
export function emptyContents(): Uint8Array {
  return encodeContents(new Map(), new Map());
}

function decodeContents(bytes: Uint8Array): { entries: Entries; dataKeys: DataKeys } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const damaged = () => cryptoError("crypto.keystore-damaged", "the contents of the key file are malformed");
  let at = 0;
  const take = (length: number) => {
    if (at + length > bytes.length) throw damaged();
    at += length;
    return at - length;
  };
  const takeName = (held: ReadonlyMap<string, unknown>) => {
    const length = bytes[take(1)] as number;
    const name = String.fromCharCode(...bytes.subarray(take(length), at));
    if (!NAME.test(name) || held.has(name)) throw damaged();
    return name;
  };
  const takeSecret = () => copySecret(bytes.subarray(take(SECRET_LENGTH), at));
  if (bytes[take(1)] !== CONTENTS_VERSION) throw damaged();
  const entries = new Map<string, Entry>();
  for (let left = view.getUint16(take(2)); left > 0; left--) {
    const name = takeName(entries);
    const number = bytes[take(1)];
    const algorithm = (Object.keys(ALGORITHM_NUMBERS) as Algorithm[]).find((a) => ALGORITHM_NUMBERS[a] === number);
    const created = view.getFloat64(take(8));
    const secret = takeSecret();
    const publicLength = bytes[take(1)] as number;
    const publicKey = bytes.slice(take(publicLength), at);
    if (algorithm === undefined || publicLength !== suiteOf(algorithm).publicKeyLength) throw damaged();
    entries.set(name, { algorithm, secret, publicKey, created, wiped: false });
  }
  const dataKeys = new Map<string, Uint8Array>();
  for (let left = view.getUint16(take(2)); left > 0; left--) dataKeys.set(takeName(dataKeys), takeSecret());
  if (at !== bytes.length) throw damaged();
  return { entries, dataKeys };
}
