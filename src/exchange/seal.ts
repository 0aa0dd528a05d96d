/** Sealing to a recipient's key: JWE (RFC 7516), ECDH-ES (RFC 7518 §4.6) with A256GCM, so that only the key's holder reads what is released. */
import { CompactEncrypt, importJWK } from "jose";
import type { SealingKey } from "#protocol";
import { exchangeError } from "./errors.ts";

/** Seals bytes to keys that were imported once. */
export interface Sealer {
  /** @returns compact JWE; every one has an ephemeral key of its own */
  seal(plaintext: Uint8Array): Promise<string>;
}

/**
 * A sealer to a public key of a request: X25519 or P-256.
 *
 * @throws HansaError `exchange.malformed` where the key is none, a point off its curve among them
 */
export async function sealerTo(key: SealingKey): Promise<Sealer> {
  let imported: Awaited<ReturnType<typeof importJWK>>;
  try {
    imported = await importJWK({ ...key }, "ECDH-ES");
  } catch (error) {
    throw unusable(error);
  }
  return {
    async seal(plaintext) {
      try {
        return await new CompactEncrypt(plaintext)
          .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", cty: "application/json" })
          .encrypt(imported);
      } catch (error) {
        // A point of low order gives no secret (RFC 7748 §6.1): the platform refuses it here.
        throw unusable(error);
      }
    },
  };
}

function unusable(cause: unknown) {
  return exchangeError(
    "exchange.malformed",
    "the key to seal to is no public key of its curve",
    { path: "/epk", problem: "key" },
    cause,
  );
}
