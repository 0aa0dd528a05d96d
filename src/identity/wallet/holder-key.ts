/** Which key a credential is presented with. */
import { equalBytes } from "#base";
import type { HeldCredential } from "./held-credential.ts";
import type { WalletKey } from "./wallet-keys.ts";

/**
 * The key that shows that whoever presents a credential is its holder: the one that it is bound to; else one of a subject's; of a credential
 * that is about nobody, any. `undefined` where the wallet has none that will do.
 */
export function holderKeyOf(held: HeldCredential, keys: readonly WalletKey[]): WalletKey | undefined {
  const { bound, format, subjects } = held;
  if (typeof bound === "string") return keys.find(({ id }) => id === bound);
  if (bound !== undefined)
    return keys.find(
      ({ algorithm, publicKey }) => algorithm === bound.algorithm && equalBytes(publicKey, bound.publicKey),
    );
  // RFC 9901 §4.3: an SD-JWT that names no key cannot be bound to one.
  if (format === "dc+sd-jwt" || format === "vc+sd-jwt") return undefined;
  const own = keys.filter(({ controller }) => subjects.length === 0 || subjects.includes(controller));
  // A proof of Data Integrity can be made with some types of keys alone.
  return format === "ldp_vc" ? own.find(({ algorithm }) => suiteFor(algorithm) !== undefined) : own[0];
}

/** Whether the credential is about somebody, and whether that is somebody whose key the wallet has. */
export function isForeign(held: HeldCredential, keys: readonly WalletKey[]): boolean {
  const { bound, subjects } = held;
  if (bound !== undefined) return holderKeyOf(held, keys) === undefined;
  return subjects.length > 0 && !keys.some(({ controller }) => subjects.includes(controller));
}

/** Cryptosuite of the proof of a presentation; `undefined` where there is none for keys of this type. */
export function suiteFor(algorithm: WalletKey["algorithm"]): "eddsa-jcs-2022" | "ecdsa-jcs-2019" | undefined {
  switch (algorithm) {
    case "Ed25519":
      return "eddsa-jcs-2022";
    case "P-256":
    case "P-384":
      return "ecdsa-jcs-2019";
    case "secp256k1":
      return undefined;
  }
}
