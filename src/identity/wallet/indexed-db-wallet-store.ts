/**
 * A wallet's entries in IndexedDB, sealed under a passphrase. The passphrase's key (Argon2id) opens 64 random bytes: the key of the
 * entries, and the key under which names and terms are hidden. What lies on the disk tells how many entries there are, how large they
 * are, and which of them share a term; nothing else.
 */
import { compareText, decodeUtf8, encodeBase64Url, encodeUtf8 } from "#base";
import { DEFAULT_COST, derivePassphraseKey, isAllowedCost, type PassphraseCost, randomBytes } from "#crypto";
import { walletError } from "./errors.ts";
import { finish, type IdbDatabase, type IdbFactory, openIdb, settle } from "./indexed-db.ts";
import type { WalletChange, WalletEntry, WalletKind, WalletStore } from "./wallet-store.ts";
import { hideName, importNameKey, importSealKey, openBytes, type SealKey, sealBytes } from "./web-seal.ts";

const LOCK = "lock";
const ENTRIES = "entries";
const LOCK_AAD = encodeUtf8("hansa wallet lock 1");

export interface IndexedDbWalletOptions {
  /** Of the database; one per wallet. */
  readonly name: string;
  readonly passphrase: string;
  /** `globalThis.indexedDB` where left out. */
  readonly indexedDB?: IdbFactory;
  /** Of guessing the passphrase, for a new wallet. */
  readonly cost?: PassphraseCost;
}

/** The one record beside the entries. */
interface Lock {
  readonly id: "lock";
  readonly salt: Uint8Array;
  readonly passes: number;
  readonly memory: number;
  readonly sealed: Uint8Array;
}

interface Sealed {
  /** HMAC of kind and id. */
  readonly name: string;
  /** HMACs of the kind and of each term. */
  readonly found: readonly string[];
  /** UTF-8 of the id, NUL, the value. */
  readonly sealed: Uint8Array;
}

interface Keys {
  readonly seal: SealKey;
  readonly name: SealKey;
}

/**
 * Opens a wallet's store in a browser, or makes it where there is none.
 *
 * @throws HansaError `wallet.locked` (wrong passphrase), `wallet.damaged`, `wallet.unavailable`, `crypto.passphrase`, `crypto.argon2`
 * @example
 * ```ts
 * const store = await openIndexedDbWalletStore({ name: "hansa-wallet", passphrase });
 * const wallet = new Wallet({ store });
 * ```
 */
export async function openIndexedDbWalletStore(options: IndexedDbWalletOptions): Promise<WalletStore> {
  const factory = options.indexedDB ?? (globalThis as { indexedDB?: IdbFactory }).indexedDB;
  if (factory === undefined) throw walletError("wallet.unavailable", "this runtime has no IndexedDB");
  const db = await openIdb(factory, options.name, 1, (fresh) => {
    fresh.createObjectStore(LOCK, { keyPath: "id" });
    fresh.createObjectStore(ENTRIES, { keyPath: "name" }).createIndex("found", "found", { multiEntry: true });
  });
  try {
    return new IndexedDbWalletStore(db, await unlock(db, options));
  } catch (error) {
    db.close();
    throw error;
  }
}

async function unlock(db: IdbDatabase, options: IndexedDbWalletOptions): Promise<Keys> {
  const kept = await readLock(db);
  const lock = kept ?? (await makeLock(db, options));
  const { passes, memory, salt, sealed } = lock;
  if (!isAllowedCost({ passes, memory })) throw walletError("wallet.damaged", "the wallet's lock is malformed");
  const secret = await withPassphrase(options.passphrase, salt, { passes, memory }, (key) =>
    openBytes(key, sealed, LOCK_AAD),
  );
  if (secret === undefined) throw walletError("wallet.locked", "the passphrase does not open this wallet");
  try {
    return { seal: await importSealKey(secret.subarray(0, 32)), name: await importNameKey(secret.subarray(32)) };
  } finally {
    secret.fill(0);
  }
}

async function readLock(db: IdbDatabase): Promise<Lock | undefined> {
  return (await settle(db.transaction(LOCK, "readonly").objectStore(LOCK).get("lock"))) as Lock | undefined;
}

async function makeLock(db: IdbDatabase, { passphrase, cost = DEFAULT_COST }: IndexedDbWalletOptions): Promise<Lock> {
  const salt = randomBytes(16);
  const secret = randomBytes(64);
  const sealed = await withPassphrase(passphrase, salt, cost, (key) => sealBytes(key, secret, LOCK_AAD));
  secret.fill(0);
  const lock: Lock = { id: "lock", salt, passes: cost.passes, memory: cost.memory, sealed };
  const transaction = db.transaction(LOCK, "readwrite", { durability: "strict" });
  const done = finish(transaction);
  transaction.objectStore(LOCK).add(lock);
  try {
    await done;
    return lock;
  } catch (error) {
    // Another page made the wallet in this very moment: its lock counts.
    const other = await readLock(db);
    if (other === undefined) throw error;
    return other;
  }
}

async function withPassphrase<Result>(
  passphrase: string,
  salt: Uint8Array,
  cost: PassphraseCost,
  run: (key: SealKey) => Promise<Result>,
): Promise<Result> {
  const bytes = await derivePassphraseKey(passphrase, salt, cost);
  try {
    return await run(await importSealKey(bytes));
  } finally {
    bytes.fill(0);
  }
}

/** Authenticated with an entry: it can neither be put in another's place nor be made to be found as something else. */
function associatedWith(name: string, found: readonly string[]): Uint8Array {
  return encodeUtf8([name, ...found].join(" "));
}

class IndexedDbWalletStore implements WalletStore {
  readonly #db: IdbDatabase;
  readonly #keys: Keys;
  #closed = false;

  constructor(db: IdbDatabase, keys: Keys) {
    this.#db = db;
    this.#keys = keys;
    // Another page wants to change or delete the database: it must not wait for this one.
    db.onversionchange = () => void this.close();
  }

  #open(): IdbDatabase {
    if (this.#closed) throw walletError("wallet.closed", "the wallet was closed");
    return this.#db;
  }

  #hide(what: string): Promise<string> {
    return hideName(this.#keys.name, what).then(encodeBase64Url);
  }

  async #unseal({ name, found, sealed }: Sealed): Promise<WalletEntry> {
    const bytes = await openBytes(this.#keys.seal, sealed, associatedWith(name, found));
    const cut = bytes?.indexOf(0) ?? -1;
    const id = bytes === undefined || cut < 0 ? undefined : decodeUtf8(bytes.subarray(0, cut));
    if (bytes === undefined || id === undefined)
      throw walletError("wallet.damaged", "an entry of the wallet was changed");
    return { id, value: bytes.slice(cut + 1) };
  }

  async get(kind: WalletKind, id: string): Promise<Uint8Array | undefined> {
    this.#open();
    const name = await this.#hide(`entry/${kind}/${id}`);
    const found = await settle(this.#open().transaction(ENTRIES, "readonly").objectStore(ENTRIES).get(name));
    return found === undefined ? undefined : (await this.#unseal(found as Sealed)).value;
  }

  async list(kind: WalletKind, term?: string): Promise<WalletEntry[]> {
    this.#open();
    const wanted = await this.#hide(term === undefined ? `kind/${kind}` : `term/${kind}/${term}`);
    const index = this.#open().transaction(ENTRIES, "readonly").objectStore(ENTRIES).index("found");
    const found = (await settle(index.getAll(wanted))) as Sealed[];
    const entries = await Promise.all(found.map((sealed) => this.#unseal(sealed)));
    return entries.sort((a, b) => compareText(a.id, b.id));
  }

  async count(kind: WalletKind): Promise<number> {
    this.#open();
    const wanted = await this.#hide(`kind/${kind}`);
    return settle(this.#open().transaction(ENTRIES, "readonly").objectStore(ENTRIES).index("found").count(wanted));
  }

  async write(changes: readonly WalletChange[]): Promise<boolean> {
    this.#open();
    // Sealed first of all: a transaction of IndexedDB ends as soon as something else is waited for.
    const steps = await Promise.all(changes.map((change) => this.#prepare(change)));
    const transaction = this.#open().transaction(ENTRIES, "readwrite", { durability: "strict" });
    const store = transaction.objectStore(ENTRIES);
    const done = finish(transaction);
    let taken = false;
    for (const step of steps) {
      if (typeof step === "string") store.delete(step);
      else
        store.add(step).onerror = function (this: { readonly error: unknown }) {
          taken ||= (this.error as { name?: unknown } | null)?.name === "ConstraintError";
        } as () => void;
    }
    try {
      await done;
      return true;
    } catch (error) {
      if (taken) return false;
      throw error;
    }
  }

  async #prepare(change: WalletChange): Promise<Sealed | string> {
    if ("remove" in change) return this.#hide(`entry/${change.remove.kind}/${change.remove.id}`);
    const { kind, id, value, terms } = change.add;
    const name = await this.#hide(`entry/${kind}/${id}`);
    const hidden = [`kind/${kind}`, ...new Set(terms.map((term) => `term/${kind}/${term}`))];
    const head = encodeUtf8(`${id}\0`);
    const plaintext = new Uint8Array(head.length + value.length);
    plaintext.set(head);
    plaintext.set(value, head.length);
    const found = await Promise.all(hidden.map((what) => this.#hide(what)));
    const sealed = await sealBytes(this.#keys.seal, plaintext, associatedWith(name, found));
    plaintext.fill(0);
    return { name, found, sealed };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#db.close();
  }
}
