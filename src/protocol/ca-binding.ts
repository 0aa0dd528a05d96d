/** A member's word for its own certification authority: this key issues the certificates of my node and of my clients. */
import type { Static } from "@sinclair/typebox";
import type { Signer } from "#crypto";
import { decodeClaims } from "./claims.ts";
import { signCompact } from "./jws.ts";
import { Closed, Did, Digest, Multikey, Seconds } from "./operations/fields.ts";

export const CA_BINDING_TYPE = "hansa-ca+jwt";

/** `kid` is a key of `iss`. */
export const CaBinding = Closed({
  iss: Did,
  /** SHA-256 over the authority's SubjectPublicKeyInfo. */
  spki: Digest,
  /** The key that signs: with it a statement by a DID's first key is checked without a ledger, since the DID is that key's fingerprint. */
  key: Multikey,
  iat: Seconds,
  exp: Seconds,
});
export type CaBinding = Static<typeof CaBinding>;

/** Takes a statement apart; the caller checks signature, times, and that the key is one of the DID's. */
export const decodeCaBinding = (token: string) => decodeClaims(token, CA_BINDING_TYPE, CaBinding);

export function signCaBinding(binding: CaBinding, kid: string, member: Signer): string {
  return signCompact(binding, CA_BINDING_TYPE, kid, member);
}
