import type { Signer } from "../signer.ts";
import type { Algorithm } from "../suites/suite.ts";

/** What a key store tells of a key. */
export interface StoredKey {
  readonly name: string;
  readonly algorithm: Algorithm;
  /** Raw bytes; points compressed. */
  readonly publicKey: Uint8Array;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly created: number;
}

/** Most signing keys, and most data keys, of one store. */
export const MAX_KEYS = 4096;

/**
 * Holds private keys and symmetric data keys by name. Secrets of signing keys go in and never come out. Names are 1 to 128
 * characters of letters, digits and `. _ : # / -`. A change that cannot be kept throws and leaves the store as it was.
 * Every method throws `crypto.keystore-closed` once the store is closed.
 */
export interface KeyStore {
  /** The signing keys, by name. */
  list(): StoredKey[];
  /**
   * Takes in a private key of 32 bytes; the caller's copy stays the caller's to wipe.
   * @throws HansaError `crypto.key-name`, `crypto.key-exists`, `crypto.key-invalid`, `crypto.key-limit`
   */
  add(name: string, algorithm: Algorithm, secret: Uint8Array): StoredKey;
  /**
   * Makes a private key.
   * @throws HansaError `crypto.key-name`, `crypto.key-exists`, `crypto.key-limit`
   */
  generate(name: string, algorithm: Algorithm): StoredKey;
  /**
   * Removes a signing key and wipes it; its signers refuse from then on.
   * @throws HansaError `crypto.key-unknown`
   */
  remove(name: string): void;
  /**
   * Gives a signing key another name; its signers go on.
   * @throws HansaError `crypto.key-unknown`, `crypto.key-name`, `crypto.key-exists`
   */
  rename(name: string, to: string): void;
  /**
   * What signs with a key of the store.
   * @throws HansaError `crypto.key-unknown`; its `sign`: `crypto.keystore-closed`
   */
  signer(name: string): Signer;
  /**
   * A copy of the 32-byte data key of this name, which is made at the first call and kept. Wipe it when done.
   * @throws HansaError `crypto.key-name`, `crypto.key-limit`
   */
  dataKey(name: string): Uint8Array;
  /** Names of the data keys, in order. */
  dataKeyNames(): string[];
  /** Wipes everything. May be called twice. */
  close(): void;
}
