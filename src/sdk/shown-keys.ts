/** Keys that a proof file shows of itself, and signatures held against them. */
import type { Json } from "#base";
import { decodeMultikey, type PublicKey } from "#crypto";
import { type DecodedToken, type Did, isSignedBy, keyIdOf, protocolError, type VerifiedProof } from "#protocol";

/** What a signature's check gave. `unknown-key`: the file does not show the signer's key, so its word rests on the ledger's. */
export type SignatureCheck = "verified" | "unknown-key";

/** Keys by DID URL. A key id holds the key's fingerprint, so a file cannot pass a foreign key off under it. */
export type Keys = ReadonlyMap<string, PublicKey>;

/** Adds a key of a DID, where it is one. */
export function addKey(keys: Map<string, PublicKey>, did: unknown, multikey: unknown): void {
  const key = typeof multikey === "string" ? decodeMultikey(multikey) : undefined;
  if (key !== undefined && typeof did === "string") keys.set(keyIdOf(did, key), key);
}

/** Keys that records of identities show. */
export function keysOfRecords(records: VerifiedProof["records"]): Map<string, PublicKey> {
  const keys = new Map<string, PublicKey>();
  for (const { key: name, value } of records) {
    if (!name.startsWith("identity/")) continue;
    const { did, keys: own } = membersOf(value);
    if (Array.isArray(own)) for (const key of own as Json[]) addKey(keys, did, membersOf(key)["publicKey"]);
  }
  return keys;
}

function membersOf(value: Json | undefined): { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json })
    : {};
}

/**
 * Holds a token against the key of its issuer that the file shows.
 *
 * @param step - what is checked, as the refusal names it
 * @throws HansaError `proof.invalid`
 */
export function checkToken(token: DecodedToken, issuer: Did, keys: Keys, step: string): SignatureCheck {
  const { kid } = token.header;
  if (!kid.startsWith(`${issuer}#`)) throw invalidProof(step, `${issuer} did not sign with its own key`);
  const key = keys.get(kid);
  if (key === undefined) return "unknown-key";
  if (!isSignedBy(token, key)) throw invalidProof(step, `a signature of ${issuer} does not hold`);
  return "verified";
}

/** Something in a proof file does not hold. */
export function invalidProof(step: string, message: string) {
  return protocolError("proof.invalid", message, { step });
}
