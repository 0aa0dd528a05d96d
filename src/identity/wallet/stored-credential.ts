/** How a credential lies in the store, and what it is found by. */
import { decodeUtf8, encodeUtf8, isHansaError, type JsonObject, parseJson } from "#base";
import { walletError } from "./errors.ts";
import { type HeldCredential, readCredential } from "./held-credential.ts";
import type { WalletChange } from "./wallet-store.ts";

/** A credential of the wallet. */
export interface StoredCredential extends HeldCredential {
  /** When it was received, milliseconds since 1970. */
  readonly received: number;
}

/** What a list is narrowed by; several hold together. */
export interface CredentialFilter {
  /** One of its types, or its `vct`. */
  readonly type?: string | undefined;
  /** DID. */
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly format?: string | undefined;
}

/** Longest term that a store finds by, in characters. */
const MAX_TERM = 300;

/** A term that all of a filter's credentials were stored with; `undefined` where all have to be looked at. */
export function termOf(filter: CredentialFilter): string | undefined {
  // The one that few have, first.
  for (const name of ["subject", "issuer", "type", "format"] as const) {
    const term = `${name}:${filter[name]}`;
    if (filter[name] !== undefined && term.length <= MAX_TERM) return term;
  }
  return undefined;
}

/** Terms of a credential: each of its types, its issuer, its subjects, its format. */
function termsFor({ types, issuer, subjects, format }: HeldCredential): string[] {
  return [
    ...types.map((type) => `type:${type}`),
    `issuer:${issuer}`,
    ...subjects.map((subject) => `subject:${subject}`),
    `format:${format}`,
  ].filter((term) => term.length <= MAX_TERM);
}

export function addCredential(held: HeldCredential, received: number): WalletChange {
  const value = encodeUtf8(JSON.stringify({ received, text: held.text }));
  return { add: { kind: "credential", id: held.id, value, terms: termsFor(held) } };
}

/** @throws HansaError `wallet.damaged` where the entry is no credential, or another's */
export function decodeStored(id: string, value: Uint8Array): StoredCredential {
  const damaged = () => walletError("wallet.damaged", "a credential of the wallet is malformed");
  try {
    const text = decodeUtf8(value);
    if (text === undefined) throw damaged();
    const { received, text: credential } = parseJson(text, { depth: 1, integers: true }) as JsonObject;
    if (typeof received !== "number" || typeof credential !== "string") throw damaged();
    const held = readCredential(credential);
    if (held.id !== id) throw damaged();
    return { ...held, received };
  } catch (error) {
    if (isHansaError(error, "wallet.damaged")) throw error;
    throw damaged();
  }
}

/** Whether a credential has all that a filter asks for. */
export function fitsFilter(held: HeldCredential, filter: CredentialFilter): boolean {
  const { type, issuer, subject, format } = filter;
  return (
    (type === undefined || held.types.includes(type)) &&
    (issuer === undefined || held.issuer === issuer) &&
    (subject === undefined || held.subjects.includes(subject)) &&
    (format === undefined || held.format === format)
  );
}
