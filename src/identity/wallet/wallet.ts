import { compareText, encodeBase64Url, encodeUtf8, type Json } from "#base";
import { type Algorithm, type PassphraseCost, sha256 } from "#crypto";
import type { VerifyOptions } from "../credentials/verify-credential.ts";
import type { ClaimPath } from "../sd-jwt/claim-path.ts";
import { type BackupEntry, decodeBackup, encodeBackup } from "./backup-file.ts";
import { chooseCredentials } from "./choose-credentials.ts";
import { formatClaim } from "./claims.ts";
import { walletError } from "./errors.ts";
import { type HeldCredential, readCredential } from "./held-credential.ts";
import { holderKeyOf, isForeign } from "./holder-key.ts";
import { matchQuery, parseQuery, type QueryAnswer } from "./match-query.ts";
import { type Audience, presentCredential } from "./present-credential.ts";
import { planRestore, type Restored } from "./restore-plan.ts";
import { addShown, decodeShown, type ShownEntry } from "./shown-log.ts";
import {
  addCredential,
  type CredentialFilter,
  decodeStored,
  fitsFilter,
  type StoredCredential,
  termOf,
} from "./stored-credential.ts";
import { verifyReceived } from "./verify-received.ts";
import { addKey, decodeKey, makeKey, type WalletKey, type WalletKeySource } from "./wallet-keys.ts";
import type { WalletChange, WalletStore } from "./wallet-store.ts";

/** What a wallet is made of. */
export interface WalletOptions {
  readonly store: WalletStore;
  /** Keys that somebody else keeps and the wallet may sign with. */
  readonly otherKeys?: WalletKeySource;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** How a credential is taken in. */
export interface ReceiveOptions extends Omit<VerifyOptions, "now" | "purpose"> {
  /** Take it though it is about somebody whose key the wallet does not have. */
  readonly foreign?: boolean;
}

/** For whom something is shown, and what it answers. */
export interface VerifierOf {
  /** The verifier's name: domain, origin or client id. */
  readonly domain: string;
  /** The verifier's question, which it takes once. */
  readonly challenge: string;
  /** Seconds for which a presentation is good where its format says so; 300 by default. */
  readonly seconds?: number;
}

/** What is shown of one credential. */
export interface ShowOptions extends VerifierOf {
  /** Claims that may be kept back and are shown, each with all that is in it; `"all"`: the whole credential. */
  readonly claims: readonly ClaimPath[] | "all";
}

/** What is shown as the answer to a query. */
export interface AnswerOptions extends VerifierOf {
  /** Ids of credentials for parts of the query; the parts that are not named here are not answered. Without it, the first fitting one for each part that has to be answered. */
  readonly choose?: Readonly<Record<string, readonly string[]>>;
  /** Show credentials whose format cannot keep anything back. */
  readonly whole?: boolean;
}

/** A presentation, and the line of the log that stands for it. */
export interface Presented {
  readonly presentation: Json;
  readonly shown: ShownEntry;
}

/** What leaves as the answer to a query: `vp_token` of OpenID4VP 1.0 §8.1, and its lines of the log. */
export interface Answered {
  readonly presentations: Readonly<Record<string, readonly Json[]>>;
  readonly shown: readonly ShownEntry[];
}

/** Most credentials, and most keys, of one wallet. */
export const WALLET_LIMITS = { credentials: 10_000, keys: 1000 } as const;
/** Most characters of a domain and of a challenge. */
const MAX_VERIFIER = 2048;
const PRESENTATION_SECONDS = 300;

/**
 * The user agent of a person, an organisation or a device: keys and credentials in an encrypted store, presented one verifier at a time.
 * Nothing is shown before the log says so.
 *
 * @example
 * ```ts
 * const wallet = new Wallet({ store });
 * const key = await wallet.createKey("Ed25519"); // have a credential issued to key.controller
 * await wallet.receive(text, { keys: makeKeyFinder(resolver, asker) });
 * const { presentations } = await wallet.answer(dcqlQuery, { domain: "https://shop.example", challenge });
 * ```
 */
export class Wallet {
  readonly #store: WalletStore;
  readonly #otherKeys: WalletKeySource | undefined;
  readonly #now: () => number;

  constructor({ store, otherKeys, now }: WalletOptions) {
    this.#store = store;
    this.#otherKeys = otherKeys;
    this.#now = now ?? Date.now;
  }

  /** Keys that credentials can be issued to: the wallet's own, oldest first, then those of others. */
  async keys(): Promise<WalletKey[]> {
    const own = (await this.#store.list("key")).map(({ id, value }): WalletKey => {
      const { signer, created } = decodeKey(id, value);
      return { ...signer, kept: true, created };
    });
    own.sort((a, b) => (a.created ?? 0) - (b.created ?? 0));
    const ids = new Set(own.map(({ id }) => id));
    const others = (await this.#otherKeys?.signers()) ?? [];
    return [
      ...own,
      ...others
        .filter(({ id }) => !ids.has(id))
        .map((signer): WalletKey => ({ ...signer, kept: false, created: undefined })),
    ];
  }

  /** Makes a key, whose DID is a `did:key`. @throws HansaError `wallet.limit` */
  async createKey(algorithm: Algorithm): Promise<WalletKey> {
    if ((await this.#store.count("key")) >= WALLET_LIMITS.keys)
      throw walletError("wallet.limit", `a wallet has at most ${WALLET_LIMITS.keys} keys`, {
        limit: WALLET_LIMITS.keys,
      });
    const { key, value } = makeKey(algorithm, this.#now());
    await this.#write([addKey(key.id, value)], key.id);
    return key;
  }

  /**
   * Removes a key of the wallet. Credentials that were issued to it cannot be presented any more.
   *
   * @param force - also where the wallet has such credentials
   * @throws HansaError `wallet.unknown`, `wallet.in-use`
   */
  async removeKey(id: string, force = false): Promise<void> {
    const keys = await this.keys();
    const key = keys.find((one) => one.kept && (one.id === id || one.controller === id));
    if (key === undefined)
      throw walletError("wallet.unknown", "the wallet keeps no such key", { key: id.slice(0, 200) });
    const rest = keys.filter((one) => one.id !== key.id);
    const orphans = (await this.list()).filter((held) => !isForeign(held, keys) && isForeign(held, rest));
    if (orphans.length > 0 && !force)
      throw walletError("wallet.in-use", `${orphans.length} credentials are held by this key`, {
        credentials: orphans.slice(0, 20).map((held) => held.id),
      });
    await this.#store.write([{ remove: { kind: "key", id: key.id } }]);
  }

  /**
   * Verifies a credential as a verifier would, and keeps it.
   *
   * @param text - JSON or compact text, as its issuer gave it
   * @throws HansaError `wallet.format`, `wallet.foreign`, `wallet.exists`, `wallet.limit`, `credentials.*`
   */
  async receive(text: string, { foreign, ...options }: ReceiveOptions): Promise<StoredCredential> {
    const held = readCredential(text);
    if (foreign !== true && isForeign(held, await this.keys()))
      throw walletError("wallet.foreign", "the credential is about somebody whose key this wallet does not have", {
        subjects: held.subjects.slice(0, 10),
      });
    const received = this.#now();
    await verifyReceived(held, { ...options, now: received });
    if ((await this.#store.count("credential")) >= WALLET_LIMITS.credentials)
      throw walletError("wallet.limit", `a wallet has at most ${WALLET_LIMITS.credentials} credentials`, {
        limit: WALLET_LIMITS.credentials,
      });
    await this.#write([addCredential(held, received)], held.id);
    return { ...held, received };
  }

  /** Adds, and says where something is there already. */
  async #write(changes: readonly WalletChange[], id: string): Promise<void> {
    if (!(await this.#store.write(changes))) throw walletError("wallet.exists", "the wallet has it already", { id });
  }

  /** The wallet's credentials, oldest first. */
  async list(filter: CredentialFilter = {}): Promise<StoredCredential[]> {
    const entries = await this.#store.list("credential", termOf(filter));
    return entries
      .map(({ id, value }) => decodeStored(id, value))
      .filter((held) => fitsFilter(held, filter))
      .sort((a, b) => a.received - b.received);
  }

  /** A credential by its id, or by the beginning of one, at least four characters, that no other has. @throws HansaError `wallet.unknown` */
  async get(id: string): Promise<StoredCredential> {
    const value = await this.#store.get("credential", id);
    if (value !== undefined) return decodeStored(id, value);
    const entries = id.length < 4 ? [] : await this.#store.list("credential");
    const [found, second] = entries.filter((entry) => entry.id.startsWith(id));
    if (found === undefined || second !== undefined)
      throw walletError("wallet.unknown", `the wallet has no single credential ${id.slice(0, 40)}`, {
        id: id.slice(0, 40),
      });
    return decodeStored(found.id, found.value);
  }

  /** Removes a credential. What was shown of it stays in the log. @throws HansaError `wallet.unknown` */
  async remove(id: string): Promise<StoredCredential> {
    const held = await this.get(id);
    await this.#store.write([{ remove: { kind: "credential", id: held.id } }]);
    return held;
  }

  /**
   * What answers a DCQL query, among credentials that are valid now.
   *
   * @throws HansaError `wallet.query`
   */
  async find(query: Json): Promise<QueryAnswer> {
    return this.#find(query, await this.keys());
  }

  async #find(query: Json, keys: readonly WalletKey[]): Promise<QueryAnswer> {
    const parsed = parseQuery(query);
    const now = this.#now();
    const held = (await this.list()).filter(
      ({ validFrom = now, validUntil = Number.POSITIVE_INFINITY }) => validFrom <= now && now < validUntil,
    );
    return matchQuery(parsed, held, keys);
  }

  /**
   * Shows one credential to one verifier. The log says so before this answers.
   *
   * @throws HansaError `wallet.unknown`, `wallet.verifier`, `wallet.claim`, `wallet.indivisible`, `wallet.no-key`, `credentials.*`
   */
  async present(id: string, { claims, ...verifier }: ShowOptions): Promise<Presented> {
    const audience = this.#audience(verifier);
    const held = await this.get(id);
    const shown = await this.#show([{ held, claims, bound: true, query: null }], audience, await this.keys());
    return shown[0] as Presented;
  }

  /**
   * Answers a DCQL query with as few credentials as will do, each with the claims alone that are asked for.
   *
   * @throws HansaError `wallet.query`, `wallet.no-match`, `wallet.choice`, `wallet.verifier`, `wallet.indivisible`, `wallet.no-key`, `credentials.*`
   */
  async answer(query: Json, { choose, whole, ...verifier }: AnswerOptions): Promise<Answered> {
    const audience = this.#audience(verifier);
    const keys = await this.keys();
    const found = await this.#find(query, keys);
    if (!found.satisfied)
      throw walletError("wallet.no-match", `the wallet has nothing for ${found.missing.join(", ")}`, {
        missing: found.missing,
      });
    const parts = chooseCredentials(found, choose).map(({ part, match }): Part => {
      const { credential: held, claims } = match;
      if (held.hidden === undefined && whole !== true)
        throw walletError(
          "wallet.indivisible",
          `the credential ${held.id} for ${part.id} is shown whole or not at all`,
          {
            credential: held.id,
            query: part.id,
          },
        );
      return { held, claims: held.hidden === undefined ? "all" : claims, bound: part.bound, query: part.id };
    });
    const presented = await this.#show(parts, audience, keys);
    const presentations: Record<string, Json[]> = {};
    for (const [i, { query: id }] of parts.entries()) {
      const list = presentations[id as string] ?? [];
      presentations[id as string] = [...list, (presented[i] as Presented).presentation];
    }
    return { presentations, shown: presented.map(({ shown }) => shown) };
  }

  #audience({ domain, challenge, seconds = PRESENTATION_SECONDS }: VerifierOf): Audience {
    for (const [name, text] of Object.entries({ domain, challenge }))
      if (text === "" || text.length > MAX_VERIFIER)
        throw walletError("wallet.verifier", `the verifier's ${name} has 1 to ${MAX_VERIFIER} characters`, { name });
    const now = this.#now();
    return { domain, challenge, now, expires: now + seconds * 1000 };
  }

  /** Order: all presentations are made, then all are written down, durable, then they leave. */
  async #show(parts: readonly Part[], audience: Audience, keys: readonly WalletKey[]): Promise<Presented[]> {
    const { now: at, domain, challenge } = audience;
    const made: Presented[] = [];
    const changes: WalletChange[] = [];
    for (const { held, claims, bound, query } of parts) {
      const key = holderKeyOf(held, keys);
      if (key === undefined && bound)
        throw walletError("wallet.no-key", `the wallet has no key to present ${held.id} with`, { credential: held.id });
      const { presentation, shown } = await presentCredential(held, key, claims, audience);
      const text = typeof presentation === "string" ? presentation : JSON.stringify(presentation);
      const { entry, change } = addShown(held, {
        at,
        domain,
        challenge,
        claims: shown.map(formatClaim).sort(compareText),
        key: key?.id ?? null,
        digest: encodeBase64Url(sha256(encodeUtf8(text))),
        query,
      });
      made.push({ presentation, shown: entry });
      changes.push(change);
    }
    if (!(await this.#store.write(changes))) throw walletError("wallet.conflict", "the log has such a line already");
    return made;
  }

  /** What was shown to whom, latest first. */
  async shown(filter: { readonly domain?: string; readonly credential?: string } = {}): Promise<ShownEntry[]> {
    const { domain, credential } = filter;
    const term =
      domain !== undefined ? `domain:${domain}` : credential !== undefined ? `credential:${credential}` : undefined;
    const entries = (await this.#store.list("shown", term)).map(({ id, value }) => decodeShown(id, value));
    return entries.filter((entry) => credential === undefined || entry.credential === credential).reverse();
  }

  /**
   * Everything that the wallet keeps, in one encrypted file: keys, credentials, log. Keys that others keep are not in it.
   *
   * @param cost - of guessing the passphrase
   * @throws HansaError `wallet.limit`, `crypto.passphrase`, `crypto.argon2`
   */
  async backup(passphrase: string, cost?: PassphraseCost): Promise<Uint8Array> {
    return encodeBackup(await this.#entries(), passphrase, this.#now(), cost);
  }

  async #entries(): Promise<BackupEntry[]> {
    const entries: BackupEntry[] = [];
    for (const kind of ["key", "credential", "shown"] as const)
      for (const entry of await this.#store.list(kind)) entries.push({ kind, ...entry });
    return entries;
  }

  /**
   * Brings a backup back, all or nothing.
   *
   * @param options - `merge`: into a wallet that holds something; what both have is left as it is, and nothing is overwritten
   * @throws HansaError `wallet.not-empty`, `wallet.conflict`, `wallet.damaged`, `wallet.locked`, `crypto.passphrase`
   */
  async restore(file: Uint8Array, passphrase: string, { merge = false }: { merge?: boolean } = {}): Promise<Restored> {
    const entries = await decodeBackup(file, passphrase);
    const present = await this.#entries();
    if (present.length > 0 && !merge) throw walletError("wallet.not-empty", "the wallet holds something already");
    const { changes, restored } = planRestore(entries, present);
    if (!(await this.#store.write(changes)))
      throw walletError("wallet.conflict", "the wallet changed while the backup was brought back");
    return restored;
  }

  /** Closes the store. May be called twice. */
  close(): Promise<void> {
    return this.#store.close();
  }
}

/** A credential, and what is shown of it. */
interface Part {
  readonly held: HeldCredential;
  readonly claims: readonly ClaimPath[] | "all";
  /** Whether a proof of the holder's key is wanted. */
  readonly bound: boolean;
  readonly query: string | null;
}
