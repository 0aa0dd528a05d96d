import { type Clock, systemClock } from "#base";
import { KeyRing } from "./key-ring.ts";
import type { KeyStore } from "./key-store.ts";

/**
 * A key store that is gone with the process: for short-lived keys and simulated devices.
 *
 * @example
 * ```ts
 * const keys = createMemoryKeyStore();
 * keys.generate("device", "P-256");
 * const signature = keys.signer("device").sign(nonce);
 * ```
 */
export function createMemoryKeyStore(clock: Clock = systemClock): KeyStore {
  return new KeyRing(clock);
}
