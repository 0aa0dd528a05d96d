/** What a passphrase opens, and what guessing it costs: the same in Node and in browsers. */
import { encodeUtf8 } from "#base";
import { argon2id } from "#crypto/backend";
import { cryptoError } from "./errors.ts";

const MIB = 2 ** 20;

/** What guessing a passphrase costs. */
export interface PassphraseCost {
  /** Passes of Argon2id, 2 to 16. */
  readonly passes: number;
  /** Memory of Argon2id in bytes, 19 to 512 MiB in whole KiB. */
  readonly memory: number;
}

/** About a tenth of a second on one core, and 64 MiB. */
export const DEFAULT_COST: PassphraseCost = { passes: 3, memory: 64 * MIB };
// The floor is OWASP's least for Argon2id. The ceiling holds on open: a doctored header must not exhaust the machine.
const LEAST_COST: PassphraseCost = { passes: 2, memory: 19 * MIB };
const MOST_COST: PassphraseCost = { passes: 16, memory: 512 * MIB };

/** Whether a cost is within what is written and opened. */
export function isAllowedCost({ passes, memory }: PassphraseCost): boolean {
  if (!Number.isInteger(passes) || passes < LEAST_COST.passes || passes > MOST_COST.passes) return false;
  return memory % 1024 === 0 && memory >= LEAST_COST.memory && memory <= MOST_COST.memory;
}

/** Bytes of a passphrase: of its NFKC form, so that every keyboard's spelling of a letter counts as the same. */
export function encodePassphrase(passphrase: string): Uint8Array {
  return encodeUtf8(passphrase.normalize("NFKC"));
}

/** @throws HansaError `crypto.passphrase` where it is empty or too long */
export function requirePassphrase(bytes: Uint8Array): void {
  if (bytes.length === 0 || bytes.length > 1024)
    throw cryptoError("crypto.passphrase", "a passphrase has 1 to 1024 bytes");
}

/**
 * The 32-byte key that a passphrase gives with a salt, by Argon2id. Wipe it when done.
 *
 * @param salt - 16 random bytes, kept beside what the key seals
 * @throws HansaError `crypto.passphrase`, `crypto.argon2`
 * @example
 * ```ts
 * const key = await derivePassphraseKey("several plain words", randomBytes(16), DEFAULT_COST);
 * ```
 */
export async function derivePassphraseKey(
  passphrase: string,
  salt: Uint8Array,
  cost: PassphraseCost,
): Promise<Uint8Array> {
  if (!isAllowedCost(cost)) throw cryptoError("crypto.argon2", "the cost is out of bounds", { ...cost });
  const bytes = encodePassphrase(passphrase);
  try {
    requirePassphrase(bytes);
    return await argon2id(bytes, salt, cost.passes, cost.memory);
  } finally {
    bytes.fill(0);
  }
}
