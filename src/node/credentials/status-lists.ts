/** The status lists of a node's issuers, durable. */
import { type Clock, decodeUtf8, encodeBase58, encodeBase64Url, encodeUtf8 } from "#base";
import { randomBytes, sha256 } from "#crypto";
import { StatusList } from "#identity";
import type { StatusPurpose } from "#protocol";
import type { KeyValueStore } from "#storage";
import { vcApiError } from "./errors.ts";

/** Where a group's database has them. */
export const STATUS_NAMESPACE = "credentials/status";
/** Entries of a list: the least that keeps whoever fetches one from telling which of them he looks at (Bitstring Status List §6.1). */
const ENTRIES = 131_072;
/** A list takes so many credentials, so that a free entry is found by chance in two draws on average. */
const MOST_TAKEN = ENTRIES / 2;
/** Places that credentials of one id can have: it may be issued again. */
const MOST_PLACES = 64;

/** About one list. */
export interface ListRecord {
  /** Random; the last part of its address. */
  readonly id: string;
  /** Where it is published, for good: credentials name it. */
  readonly url: string;
  /** Name of the issuer in the configuration. */
  readonly issuer: string;
  readonly purpose: StatusPurpose;
  readonly taken: number;
  /** Grows with every change of an entry. */
  readonly version: number;
  /** When that was, milliseconds. */
  readonly changed: number;
  /** Newest version whose digest the ledger has; 0: none. */
  readonly anchored: number;
}

/** One credential's entry of a list. */
export interface Place {
  readonly list: string;
  /** Of the list. */
  readonly url: string;
  readonly index: number;
  readonly purpose: StatusPurpose;
}

/**
 * Lists as one map of a database: a place is taken, and the credential's id with it, in one durable transaction, before the credential exists.
 * A place is never given twice, also where the issuing then failed.
 */
export class StatusLists {
  readonly #store: KeyValueStore;
  readonly #clock: Clock;
  readonly #urlOf: (list: string) => string;

  /** @param urlOf - where a list that is begun now will be published */
  constructor(store: KeyValueStore, clock: Clock, urlOf: (list: string) => string) {
    this.#store = store;
    this.#clock = clock;
    this.#urlOf = urlOf;
  }

  /**
   * Takes a place for each purpose, at random, in the lists that are open.
   *
   * @param credentialId - by which the status is changed later; where there is none, list and index do
   * @throws HansaError `vc-api.limit`, `storage.*`
   */
  allocate(issuer: string, purposes: readonly StatusPurpose[], credentialId: string | undefined): Place[] {
    return this.#store.transaction(() => {
      const places = purposes.map((purpose) => this.#allocateOne(issuer, purpose));
      if (credentialId === undefined) return places;
      const key = credentialKey(issuer, credentialId);
      const all = [...(this.#read<Place[]>(key) ?? []), ...places];
      if (all.length > MOST_PLACES)
        throw vcApiError("vc-api.limit", `one id was issued ${MOST_PLACES} times`, { limit: MOST_PLACES });
      this.#write(key, all);
      return places;
    });
  }

  #allocateOne(issuer: string, purpose: StatusPurpose): Place {
    const open = this.#openList(issuer, purpose);
    let index = drawIndex();
    while (this.#store.get(entryKey(open.id, index)) !== undefined) index = drawIndex();
    this.#store.put(entryKey(open.id, index), NOTHING);
    this.#write(listKey(open.id), { ...open, taken: open.taken + 1 } satisfies ListRecord);
    return { list: open.id, url: open.url, index, purpose };
  }

  #openList(issuer: string, purpose: StatusPurpose): ListRecord {
    const key = `open/${issuer}/${purpose}`;
    const id = this.#store.get(key);
    const current = id === undefined ? undefined : this.find(decodeUtf8(id) as string);
    if (current !== undefined && current.taken < MOST_TAKEN) return current;
    const name = encodeBase58(randomBytes(16));
    const fresh: ListRecord = {
      id: name,
      url: this.#urlOf(name),
      issuer,
      purpose,
      taken: 0,
      version: 1,
      changed: this.#clock.now(),
      anchored: 0,
    };
    this.#write(listKey(fresh.id), fresh);
    this.#store.put(bitsKey(fresh.id), StatusList.create({ order: "left", entries: ENTRIES }).bytes);
    this.#store.put(key, encodeUtf8(fresh.id));
    return fresh;
  }

  /** What is known of a list. */
  find(list: string): ListRecord | undefined {
    return list.length > 64 || !isWellFormed(list) ? undefined : this.#read<ListRecord>(listKey(list));
  }

  /** The list that is published at a URL. */
  findByUrl(url: string): ListRecord | undefined {
    const record = this.find(url.slice(url.lastIndexOf("/") + 1));
    return record?.url === url ? record : undefined;
  }

  /** A list's entries as they are now. @throws HansaError `vc-api.not-found` */
  bits(list: string): StatusList {
    const bytes = this.#store.get(bitsKey(list));
    if (bytes === undefined) throw unknownList(list);
    return StatusList.of(bytes, { order: "left", bits: 1 });
  }

  /** Places of the credentials that an issuer gave an id. */
  placesOf(issuer: string, credentialId: string): Place[] {
    return this.#read<Place[]>(credentialKey(issuer, credentialId)) ?? [];
  }

  /**
   * Sets an entry; durable when it returns.
   *
   * @throws HansaError `vc-api.not-found` where no credential has the place, `vc-api.irrevocable`
   */
  set({ list, index }: Pick<Place, "list" | "index">, value: boolean): ListRecord {
    return this.#store.transaction(() => {
      const record = this.find(list);
      if (record === undefined) throw unknownList(list);
      if (this.#store.get(entryKey(list, index)) === undefined)
        throw vcApiError("vc-api.not-found", "no credential has this entry of the status list", { list, index });
      const bits = this.bits(list);
      if ((bits.get(index) === 1) === value) return record;
      if (!value && record.purpose === "revocation")
        throw vcApiError("vc-api.irrevocable", "the credential was revoked, and that is for good", { list, index });
      bits.set(index, value ? 1 : 0);
      // Of a list that came back from a backup the ledger may have later versions, which are behind us all the same.
      const version = Math.max(record.version, record.anchored) + 1;
      const next: ListRecord = { ...record, version, changed: this.#clock.now() };
      this.#store.put(bitsKey(list), bits.bytes);
      this.#write(listKey(list), next);
      return next;
    });
  }

  /** Ends that places are given in the lists that there are: what is known of them may be old, and a place is never given twice. */
  retire(): void {
    this.#store.transaction(() => {
      for (const { key } of this.#store.list("open/")) this.#store.delete(key);
    });
  }

  /** Lists of which the ledger does not have the newest version, at most `limit`. */
  unanchored(limit: number): ListRecord[] {
    return this.#store
      .list("list/")
      .map(({ value }) => parse<ListRecord>(value))
      .filter(({ version, anchored }) => anchored < version)
      .slice(0, limit);
  }

  /** Notes that the ledger has a version of a list. */
  noteAnchored(list: string, version: number): void {
    this.#store.transaction(() => {
      const record = this.find(list);
      if (record !== undefined && record.anchored < version)
        this.#write(listKey(list), { ...record, anchored: version } satisfies ListRecord);
    });
  }

  #read<Value>(key: string): Value | undefined {
    const bytes = this.#store.get(key);
    return bytes === undefined ? undefined : parse<Value>(bytes);
  }

  #write(key: string, value: object): void {
    this.#store.put(key, encodeUtf8(JSON.stringify(value)));
  }
}

/** What a store takes no key of. */
const isWellFormed = (text: string) => !/\p{Surrogate}/u.test(text);
const NOTHING = new Uint8Array(0);
const listKey = (list: string) => `list/${list}`;
const bitsKey = (list: string) => `bits/${list}`;
const entryKey = (list: string, index: number) => `entry/${list}/${index}`;

/** A digest: ids are as long as their makers like, and a store's keys are not. */
function credentialKey(issuer: string, credentialId: string): string {
  return `credential/${encodeBase64Url(sha256(encodeUtf8(JSON.stringify([issuer, credentialId]))))}`;
}

function drawIndex(): number {
  const [a, b, c] = randomBytes(3) as unknown as [number, number, number];
  // 2^17 entries: the lowest 17 of 24 random bits, each as likely as any other.
  return ((a << 16) | (b << 8) | c) % ENTRIES;
}

function parse<Value>(bytes: Uint8Array): Value {
  return JSON.parse(decodeUtf8(bytes) as string) as Value;
}

function unknownList(list: string) {
  return vcApiError("vc-api.not-found", "there is no such status list", { list: list.slice(0, 64) });
}
