import type { Signer } from "#crypto";
import { type Did, didOf, keyIdOf } from "#protocol";
import type { Party } from "./client.ts";

/**
 * Whoever signs with this key: under its own DID in the alliance, or under `did` where the key was added to another's.
 *
 * @example
 * ```ts
 * const alice = createParty("hanse", createSigner("Ed25519"));
 * const client = createClient({ url, signer: alice });
 * ```
 */
export function createParty(alliance: string, signer: Signer, did?: Did): Party {
  const key = { algorithm: signer.algorithm, bytes: signer.publicKey };
  const subject = did ?? didOf(alliance, key);
  return { did: subject, kid: keyIdOf(subject, key), signer };
}
