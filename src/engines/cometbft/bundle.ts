/**
 * Bundles: several clients' transactions as one transaction of CometBFT. Byte 0 is the version, then 8 random bytes (a bundle that is sent
 * again is another one to CometBFT's memory of what it has seen), then the number of transactions, then each with its length before it.
 * Numbers are varints in their shortest form: one list of transactions and one nonce have one encoding.
 */
import { TRANSACTION_LIMITS } from "#protocol";

export const BUNDLE_LIMITS = {
  /** Bytes of an encoded bundle. */
  bytes: 262_144,
  transactions: 2000,
} as const;

export const NONCE_BYTES = 8;

/** Byte 0 of a bundle that travels as it is. */
export const PLAIN = 1;
/** Where the transactions begin, behind version and nonce. */
export const BEGIN = 1 + NONCE_BYTES;

/** Most bytes that a bundle spends on itself, with this many transactions in it. */
export function bundleOverhead(transactions: number): number {
  return BEGIN + 2 + 3 * transactions;
}

/**
 * Encodes a bundle. The limits are the caller's to keep: what exceeds them does not decode.
 *
 * @param nonce - 8 random bytes
 */
export function encodeBundle(transactions: readonly Uint8Array[], nonce: Uint8Array): Uint8Array {
  let length = BEGIN + varintLength(transactions.length);
  for (const bytes of transactions) length += varintLength(bytes.length) + bytes.length;
  const bundle = new Uint8Array(length);
  bundle[0] = PLAIN;
  bundle.set(nonce.subarray(0, NONCE_BYTES), 1);
  let at = writeVarint(bundle, BEGIN, transactions.length);
  for (const bytes of transactions) {
    at = writeVarint(bundle, at, bytes.length);
    bundle.set(bytes, at);
    at += bytes.length;
  }
  return bundle;
}

/**
 * The transactions of a bundle, as parts of its own memory; `undefined` where the bytes are no bundle or exceed a limit. The same answer
 * on every node: proposals are accepted or rejected by it.
 */
export function decodeBundle(bundle: Uint8Array): Uint8Array[] | undefined {
  if (bundle.length > BUNDLE_LIMITS.bytes || bundle.length <= BEGIN || bundle[0] !== PLAIN) return undefined;
  const count = readVarint(bundle, BEGIN);
  if (count === undefined || count.value < 1 || count.value > BUNDLE_LIMITS.transactions) return undefined;
  const transactions: Uint8Array[] = [];
  let at = count.next;
  for (let i = 0; i < count.value; i++) {
    const length = readVarint(bundle, at);
    if (length === undefined || length.value < 1 || length.value > TRANSACTION_LIMITS.bytes) return undefined;
    const end = length.next + length.value;
    if (end > bundle.length) return undefined;
    transactions.push(bundle.subarray(length.next, end));
    at = end;
  }
  return at === bundle.length ? transactions : undefined;
}

function varintLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : 3;
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest >= 0x80) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}

/** At most three bytes: nothing here is larger than the largest transaction. */
function readVarint(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 3; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return i > 0 && byte === 0 ? undefined : { value, next: at + i + 1 };
  }
  return undefined;
}
