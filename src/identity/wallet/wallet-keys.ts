/** Keys of a wallet: those that it keeps itself, and those of somebody else who signs for it: a key file, a secure element. */
import {
  decodeBase64Url,
  decodeUtf8,
  encodeBase64Url,
  encodeUtf8,
  isHansaError,
  type JsonObject,
  parseJson,
} from "#base";
import { ALGORITHMS, type Algorithm, suiteOf } from "#crypto";
import { createCredentialSigner } from "../credentials/credential-key.ts";
import type { CredentialSigner } from "../credentials/keys.ts";
import { walletError } from "./errors.ts";
import type { WalletChange } from "./wallet-store.ts";

/** Keys that are not the wallet's own. Their secrets are in no backup of it. */
export interface WalletKeySource {
  signers(): Promise<readonly CredentialSigner[]>;
}

/** A key that credentials can be issued to. */
export interface WalletKey extends CredentialSigner {
  /** Whether the wallet keeps it, and a backup has it. */
  readonly kept: boolean;
  /** Milliseconds since 1970; of the wallet's own keys. */
  readonly created: number | undefined;
}

/** A key as it was kept; its secret stays behind its signer. */
export interface KeptKey {
  readonly signer: CredentialSigner;
  readonly created: number;
}

/** A fresh key, whose name is the `did:key` of its public key. */
export function makeKey(algorithm: Algorithm, now: number): { key: WalletKey; value: Uint8Array } {
  const secret = suiteOf(algorithm).generate();
  const signer = createCredentialSigner(algorithm, { secret });
  const value = encodeUtf8(JSON.stringify({ algorithm, secret: encodeBase64Url(secret), created: now }));
  return { key: { ...signer, kept: true, created: now }, value };
}

/** @throws HansaError `wallet.damaged` where the entry is no key, or another's */
export function decodeKey(id: string, value: Uint8Array): KeptKey {
  const damaged = () => walletError("wallet.damaged", "a key of the wallet is malformed");
  try {
    const text = decodeUtf8(value);
    if (text === undefined) throw damaged();
    const { algorithm, secret, created } = parseJson(text, { depth: 1, integers: true }) as JsonObject;
    const bytes = typeof secret === "string" ? decodeBase64Url(secret) : undefined;
    if (!ALGORITHMS.includes(algorithm as Algorithm) || bytes?.length !== 32 || typeof created !== "number")
      throw damaged();
    const signer = createCredentialSigner(algorithm as Algorithm, { secret: bytes });
    if (signer.id !== id) throw damaged();
    return { signer, created };
  } catch (error) {
    if (isHansaError(error, "wallet.damaged")) throw error;
    // The cause is dropped: what a library says of a bad private key could quote it.
    throw damaged();
  }
}

export function addKey(id: string, value: Uint8Array): WalletChange {
  return { add: { kind: "key", id, value, terms: [] } };
}
