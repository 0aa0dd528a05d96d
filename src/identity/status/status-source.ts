import { isHansaError, type Json, type JsonObject, parseJson } from "#base";
import { credentialError } from "../credentials/errors.ts";
import type { KeyFinder } from "../credentials/keys.ts";
import type { ContextSource } from "../credentials/terms/process-context.ts";
import { type StatusSource, type VerifiedCredential, verifyCredential } from "../credentials/verify-credential.ts";
import { isEnvelope, verifyEnveloped } from "../jose/envelope.ts";
import { verifyJwtCredential } from "../jose/jwt-credential.ts";
import { idOf } from "../jose/vc-claims.ts";
import { openBitstring, readBitstringEntry, readBitstringStatus } from "./bitstring.ts";
import { inForm, type ListForm } from "./list-form.ts";
import { type EntryBits, type StatusList, unknownStatus } from "./status-list.ts";
import { readTokenStatusReference, TOKEN_STATUS, verifyTokenStatusList } from "./token-status.ts";

/** A list as a credential (Bitstring Status List), or as a token (Token Status List). */
export type ListKind = "credential" | "token";

/** What to accept when a list of a kind is asked for over HTTP. */
export const LIST_ACCEPT: Readonly<Record<ListKind, string>> = {
  credential: "application/vc, application/json;q=0.9, */*;q=0.1",
  token: "application/statuslist+jwt, */*;q=0.1",
};

/** What the ledger keeps of a list. */
export interface ListRoot {
  /** `StatusList.root()` of the list in this form. */
  readonly digest: string;
  readonly kind: ListForm;
  readonly purpose: string;
}

/** What a source of statuses asks of others. */
export interface StatusSourceOptions {
  /** What lies at a list's URL, of the two kinds the one that is wanted: some issuers have both there. `undefined` where there is nothing. */
  readonly fetchList: (url: string, kind: ListKind) => Promise<string | JsonObject | undefined>;
  readonly keys: KeyFinder;
  /** What the ledger says of an issuer's list; `undefined` where it knows none of this URL. */
  readonly root?: (url: string, issuer: string) => Promise<ListRoot | undefined>;
  /** Where contexts of lists' credentials come from: those that come with Hansa, where left out. */
  readonly contexts?: ContextSource | undefined;
  /** Milliseconds. */
  readonly now: () => number;
  /** Bytes of lists that are kept, inflated; 64 MiB by default. */
  readonly capacity?: number;
}

/** A list that was fetched and verified. */
interface KnownList {
  readonly list: StatusList;
  /** Digests of it, by form and purpose. */
  readonly roots: Map<string, string | undefined>;
  readonly issuer: string;
  /** Of Token Status Lists `undefined`. */
  readonly purposes: readonly string[] | undefined;
  /** Milliseconds after which it is fetched again. */
  readonly until: number;
}

/** Purposes whose bit makes a credential invalid. `refresh` and `message` only say something (Bitstring Status List §2.2). */
const REFUSED: Readonly<Record<string, string>> = { revocation: "revoked", suspension: "suspended" };

/** A list says how long it may be kept, but no more than an hour: a revocation should not take longer to be known. */
const LONGEST_TTL = 3_600_000;
/** What is supposed of a Token Status List that says nothing. */
const TOKEN_TTL = 300_000;

/**
 * Checks the status of credentials by Bitstring Status Lists and Token Status Lists, whose list it fetches, verifies and keeps for as long as
 * it may. Whatever hinders it from knowing is `credentials.status-unknown`, with the reason as cause: nothing passes because a list cannot be had.
 *
 * @throws HansaError (the source, when asked) `credentials.status`, `credentials.status-unknown`
 * @example
 * ```ts
 * const status = statusSource({ fetchList, keys, now: Date.now });
 * await status(credential.credentialStatus, credential);
 * ```
 */
export function statusSource(options: StatusSourceOptions): StatusSource {
  const lists = new KnownLists(options);
  return async (entry, credential) => {
    // Of what is no document of the data model, `issuer` would be a claim like others.
    const issuer = credential["@context"] === undefined ? credential["iss"] : idOf(credential["issuer"]);
    if (entry["status_list"] !== undefined && entry["type"] === undefined) {
      const { index, uri } = readTokenStatusReference(entry);
      const known = await lists.get(uri, undefined);
      requireIssuer(known, issuer);
      if (index >= known.list.size) throw unknownStatus("the status list has no such entry");
      refuseTokenStatus(known.list.get(index));
      return;
    }
    const read = readBitstringEntry(entry);
    const known = await lists.get(read.list, read.bits);
    requireIssuer(known, issuer);
    const { value, message } = readBitstringStatus(read, { list: known.list, purposes: known.purposes ?? [] });
    const refused = Object.hasOwn(REFUSED, read.purpose) ? REFUSED[read.purpose] : undefined;
    if (refused !== undefined && value !== 0)
      throw credentialError("credentials.status", `the credential was ${refused}`, {
        purpose: read.purpose,
        value,
        ...(message === undefined ? {} : { message: message.slice(0, 200) }),
      });
  };
}

function requireIssuer(known: KnownList, issuer: Json | undefined): void {
  if (known.issuer !== issuer) throw unknownStatus("the status list is another issuer's than the credential");
}

function refuseTokenStatus(value: number): void {
  if (value === TOKEN_STATUS.valid) return;
  const meaning =
    value === TOKEN_STATUS.invalid
      ? "revoked"
      : value === TOKEN_STATUS.suspended
        ? "suspended"
        : "put in a state that is not known here";
  throw credentialError("credentials.status", `the credential was ${meaning}`, { value });
}

/** The lists that were fetched last, up to so many bytes. */
class KnownLists {
  readonly #options: StatusSourceOptions;
  readonly #capacity: number;
  readonly #known = new Map<string, KnownList>();
  readonly #underWay = new Map<string, Promise<KnownList>>();
  #bytes = 0;

  constructor(options: StatusSourceOptions) {
    this.#options = options;
    this.#capacity = options.capacity ?? 64 << 20;
  }

  /** @param bits - of an entry, of Bitstring Status Lists; `undefined` of Token Status Lists */
  async get(url: string, bits: EntryBits | undefined): Promise<KnownList> {
    try {
      const name = `${bits ?? "token"} ${url}`;
      const kept = this.#known.get(name);
      const isFresh = kept !== undefined && this.#options.now() < kept.until;
      const list = isFresh ? kept : await this.#fetch(name, url, bits);
      if (await this.#isCurrent(url, list)) return list;
      // What was kept may be older than what the ledger says by now; what was fetched just now, too, if both changed meanwhile.
      const fresh = await this.#fetch(name, url, bits);
      if (await this.#isCurrent(url, fresh)) return fresh;
      throw unknownStatus("the status list is not the one whose root is on the ledger");
    } catch (error) {
      if (isHansaError(error, "credentials.status-unknown")) throw error;
      throw credentialError(
        "credentials.status-unknown",
        `the status list cannot be had: ${isHansaError(error) ? error.message : "it was not fetched"}`,
        { list: url.slice(0, 300), ...(isHansaError(error) ? { code: error.code } : {}) },
        error,
      );
    }
  }

  async #isCurrent(url: string, known: KnownList): Promise<boolean> {
    const onLedger = await this.#options.root?.(url, known.issuer);
    return onLedger === undefined || onLedger.digest === rootOf(known, onLedger);
  }

  /** Many credentials of one list that are verified at once ask for it once. */
  #fetch(name: string, url: string, bits: EntryBits | undefined): Promise<KnownList> {
    const running = this.#underWay.get(name);
    if (running !== undefined) return running;
    const fetched = this.#load(url, bits)
      .then((list) => {
        this.#keep(name, list);
        return list;
      })
      .finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, fetched);
    return fetched;
  }

  async #load(url: string, bits: EntryBits | undefined): Promise<KnownList> {
    const found = await this.#options.fetchList(url, bits === undefined ? "token" : "credential");
    if (found === undefined) throw unknownStatus("there is no status list at its URL");
    const { keys, now } = this.#options;
    if (bits === undefined) {
      if (typeof found !== "string") throw unknownStatus("the status list is no token");
      const { list, issuer, ttl, exp } = await verifyTokenStatusList(found.trim(), { uri: url, keys, now: now() });
      const until = untilOf(
        now(),
        ttl === undefined ? TOKEN_TTL : ttl * 1000,
        exp === undefined ? undefined : exp * 1000,
      );
      return { list, roots: new Map(), issuer, purposes: undefined, until };
    }
    const { credential, validUntil } = await this.#openCredential(found);
    // Where the credential has an id, it is the URL that others name it by.
    if (credential["id"] !== undefined && credential["id"] !== url)
      throw unknownStatus("the status list is one of another place");
    const { list, purposes, ttl } = await openBitstring(credential, bits);
    const issuer = idOf(credential["issuer"]);
    if (issuer === undefined) throw unknownStatus("the status list does not say whose it is");
    return { list, roots: new Map(), issuer, purposes, until: untilOf(now(), ttl, validUntil) };
  }

  async #openCredential(found: string | JsonObject): Promise<VerifiedCredential> {
    const { keys, now, contexts } = this.#options;
    // A list says nothing of its own status.
    const options = { keys, now: now(), contexts, checkStatus: false };
    const document = typeof found === "string" ? parseDocument(found) : found;
    if (typeof document === "string") return verifyJwtCredential(document, options);
    return (isEnvelope(document) ? verifyEnveloped : verifyCredential)(document, options);
  }

  #keep(name: string, list: KnownList): void {
    this.#forget(name);
    const length = sizeOf(list);
    if (length > this.#capacity) return;
    for (const oldest of this.#known.keys()) {
      if (this.#bytes + length <= this.#capacity) break;
      this.#forget(oldest);
    }
    this.#known.set(name, list);
    this.#bytes += length;
  }

  #forget(name: string): void {
    const known = this.#known.get(name);
    if (known === undefined) return;
    this.#known.delete(name);
    this.#bytes -= sizeOf(known);
  }
}

/** A list's digest in the form of which the ledger has it, made once; `undefined` where the list is none that has that form. */
function rootOf({ list, roots }: KnownList, { kind, purpose }: ListRoot): string | undefined {
  const name = `${kind} ${purpose}`;
  if (!roots.has(name)) roots.set(name, inForm(list, kind, purpose)?.root());
  return roots.get(name);
}

/** What a list takes beside its bytes: of lists of one byte each, there would be room for millions. */
const KNOWN_LIST = 4096;

function sizeOf({ list }: KnownList): number {
  return KNOWN_LIST + Math.ceil((list.size * list.bits) / 8);
}

function untilOf(now: number, ttl: number, end: number | undefined): number {
  return Math.min(now + Math.min(ttl, LONGEST_TTL), end ?? Number.POSITIVE_INFINITY);
}

/** A credential as text: JSON, or a token that is left as it is. */
function parseDocument(text: string): string | JsonObject {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{")) return trimmed;
  return parseJson(trimmed, { depth: 32, integers: false }) as JsonObject;
}
