/** Blocks: an ordered list of transactions, what they did, and a signed header over both. */
import { canonicalJson, encodeBase64Url, encodeUtf8, type Json } from "#base";
import { leafHash, sha256Parts, treeHash } from "#crypto";

/** What is signed. Digests are base64url. The state root depends on records alone. */
export interface BlockHeader {
  readonly version: 1;
  readonly group: string;
  readonly height: number;
  /** Milliseconds since 1970; later than the block's before. */
  readonly time: number;
  /** Hash of the header before; for block 0 the group's id, which holds the hash of the genesis. */
  readonly previous: string;
  /** RFC 6962 root over the transactions' bytes. */
  readonly transactions: string;
  /** RFC 6962 root over the receipts' hashed parts. */
  readonly receipts: string;
  readonly state: string;
}

/** What vouches for a header. `solo`: the one key that the genesis names. Other engines add theirs. */
export type Certificate = { readonly engine: "solo"; readonly key: string; readonly signature: string };

const HEADER_DOMAIN = encodeUtf8("hansa block header v1\0");

export function encodeHeader(header: BlockHeader): Uint8Array {
  return encodeUtf8(canonicalJson(header));
}

/** What a certificate signs: domain, then the header in canonical JSON. */
export function headerInput(encoded: Uint8Array): Uint8Array {
  const input = new Uint8Array(HEADER_DOMAIN.length + encoded.length);
  input.set(HEADER_DOMAIN);
  input.set(encoded, HEADER_DOMAIN.length);
  return input;
}

/** Hash of a header, base64url: the next block's `previous`. */
export function hashHeader(encoded: Uint8Array): string {
  return encodeBase64Url(sha256Parts(HEADER_DOMAIN, encoded));
}

/** A block as an engine orders it: nothing in it is derived. */
export interface Block {
  readonly height: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Encoded transactions, in order. */
  readonly transactions: readonly Uint8Array[];
}

/** Something that a transaction did, for the trail, for subscribers, and hashed into the receipt. */
export interface Fact {
  /** `devices.admitted` */
  readonly fact: string;
  /** DIDs, linkage ids and topic names that it is about. */
  readonly about: readonly string[];
  readonly data: { readonly [name: string]: Json };
}

/** What became of one transaction. */
export interface Receipt {
  /** Hexadecimal id; empty where the bytes were no transaction. */
  readonly id: string;
  readonly height: number;
  readonly index: number;
  /** 0, or the number of the error. */
  readonly code: number;
  readonly facts: readonly Fact[];
  /** Name, sentence and payload of the error: for people, not hashed. */
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly payload: Json;
    readonly operation?: number;
  };
}

/** The hashed part of a receipt: numbers and facts, never text for people. */
export function receiptLeaf(receipt: Receipt): Uint8Array {
  return encodeUtf8(canonicalJson({ id: receipt.id, code: receipt.code, facts: receipt.facts }));
}

export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeUtf8(JSON.stringify(receipt));
}

/** RFC 6962 root over byte strings. */
export function rootOf(leaves: readonly Uint8Array[]): string {
  return encodeBase64Url(treeHash(leaves.map((leaf) => leafHash(leaf))));
}
