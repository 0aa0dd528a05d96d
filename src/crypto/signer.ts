import { suiteOf } from "./suites/index.ts";
import type { Algorithm } from "./suites/suite.ts";

/** Something that signs and does not hand out its secret: a key file's entry, a token, a secure element. */
export interface Signer {
  readonly algorithm: Algorithm;
  /** Raw bytes; points compressed. */
  readonly publicKey: Uint8Array;
  sign(data: Uint8Array): Uint8Array;
}

/**
 * A signer over a secret in memory.
 *
 * @example
 * ```ts
 * const signer = createSigner("Ed25519");
 * const signature = signer.sign(encodeUtf8("hello"));
 * ```
 */
export function createSigner(algorithm: Algorithm, secret?: Uint8Array): Signer {
  const suite = suiteOf(algorithm);
  const key = secret ?? suite.generate();
  return { algorithm, publicKey: suite.publicKey(key), sign: suite.signer(key) };
}
