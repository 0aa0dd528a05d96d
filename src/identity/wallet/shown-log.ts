/** The log of what was shown to whom. Names of claims stand in it, their values do not. */
import { decodeUtf8, encodeHex, encodeUtf8, isHansaError, type JsonObject, parseJson } from "#base";
import { randomBytes } from "#crypto";
import { walletError } from "./errors.ts";
import type { HeldCredential, HeldFormat } from "./held-credential.ts";
import type { WalletChange } from "./wallet-store.ts";

/** One presentation that left the wallet, or was about to: each is written down before it does. */
export interface ShownEntry {
  /** In the order of time. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The verifier, as it was named: domain or client id. */
  readonly domain: string;
  readonly challenge: string;
  /** Id of the credential, which may have been removed since. */
  readonly credential: string;
  readonly format: HeldFormat;
  readonly types: readonly string[];
  readonly issuer: string;
  /** Claims that it told, `address.city`. */
  readonly claims: readonly string[];
  /** DID URL of the key that signed; `null` where none did. */
  readonly key: string | null;
  /** SHA-256 of the presentation's text, base64url. */
  readonly digest: string;
  /** The part of a query that it answered; `null` where it was not asked for so. */
  readonly query: string | null;
}

/** Entry before it has an id. */
export type NewShown = Omit<ShownEntry, "id" | "format" | "types" | "issuer" | "credential">;

/** Makes the entry of one presentation, and the change that keeps it. */
export function addShown(held: HeldCredential, fresh: NewShown): { entry: ShownEntry; change: WalletChange } {
  const id = `${String(fresh.at).padStart(15, "0")}-${encodeHex(randomBytes(8))}`;
  const { id: credential, format, types, issuer } = held;
  const { at, domain, challenge, claims, key, digest, query } = fresh;
  const kept = { at, domain, challenge, credential, format, types, issuer, claims, key, digest, query };
  const terms = [`domain:${domain}`, `credential:${credential}`];
  return {
    entry: { id, ...kept },
    change: { add: { kind: "shown", id, value: encodeUtf8(JSON.stringify(kept)), terms } },
  };
}

/** @throws HansaError `wallet.damaged` */
export function decodeShown(id: string, value: Uint8Array): ShownEntry {
  const damaged = () => walletError("wallet.damaged", "a line of the wallet's log is malformed");
  try {
    const text = decodeUtf8(value);
    if (text === undefined) throw damaged();
    const { at, domain, challenge, credential, format, types, issuer, claims, key, digest, query } = parseJson(text, {
      depth: 2,
      integers: true,
    }) as JsonObject;
    const texts = [domain, challenge, credential, format, issuer, digest];
    if (typeof at !== "number" || !texts.every((one) => typeof one === "string")) throw damaged();
    if (!Array.isArray(types) || !Array.isArray(claims)) throw damaged();
    const kept = { at, domain, challenge, credential, format, types, issuer, claims, key, digest, query };
    return { id, ...kept } as unknown as ShownEntry;
  } catch (error) {
    if (isHansaError(error, "wallet.damaged")) throw error;
    throw damaged();
  }
}

/** The change that keeps an entry of a backup. */
export function keepShown(id: string, value: Uint8Array): WalletChange {
  const { domain, credential } = decodeShown(id, value);
  return { add: { kind: "shown", id, value, terms: [`domain:${domain}`, `credential:${credential}`] } };
}
