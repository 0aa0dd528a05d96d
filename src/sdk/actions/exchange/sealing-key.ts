import type { SealingKey } from "#protocol";

/** A key pair for one request. The private part never leaves the client; whoever drops it can open the answer no more. */
export interface SealingKeyPair {
  readonly publicKey: SealingKey;
  readonly privateKey: CryptoKey;
}

/** @param curve - X25519, or P-256 where a platform lacks it */
export async function createSealingKey(curve: SealingKey["crv"] = "X25519"): Promise<SealingKeyPair> {
  // Loaded when needed: it is much, and clients of a ledger seldom open anything.
  const { exportJWK, generateKeyPair } = await import("jose");
  const { publicKey, privateKey } = await generateKeyPair("ECDH-ES", { crv: curve });
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const named = y === undefined ? { kty, crv, x } : { kty, crv, x, y };
  return { publicKey: named as SealingKey, privateKey };
}
