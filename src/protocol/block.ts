/** Blocks: an ordered list of transactions, what they did, and a signed header over both. */
import { canonicalJson, encodeBase64Url, encodeUtf8, type Json, Utf8Slabs } from "#base";
import { leafHash, leafHashOfText, sha256Parts, treeHash } from "#crypto";
import type { CometCommit, CometHeader } from "./comet/signed-block.ts";

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
  /** Nodes of validators whose vote the block before lacked, ascending; left out where none is missing and where nobody votes. */
  readonly absent?: readonly string[];
  /** Validators that consensus caught acting against its rules; left out where there are none. */
  readonly misbehaviour?: readonly Misbehaviour[];
}

/** Evidence that consensus holds against a validator. */
export interface Misbehaviour {
  readonly kind: "duplicate-vote" | "light-client-attack";
  /** Id of the validator's node; its address in hexadecimal where no node on the ledger has its key. */
  readonly validator: string;
  /** Height of the engine's block at which it happened. */
  readonly block: number;
}

/** What vouches for a header. `solo`: the signature of the one key that the genesis names. */
export interface SoloCertificate {
  readonly engine: "solo";
  readonly key: string;
  readonly signature: string;
}

/**
 * `cometbft`: the header after the block that holds the transactions has the hash of this header as its app hash, and more than two
 * thirds of the voting power signed it.
 */
export interface CometCertificate {
  readonly engine: "cometbft";
  /** Height of the CometBFT block that holds the transactions; 0 for the genesis. */
  readonly block: number;
  /** Header of height `block` + 1 and the votes for it; absent until there are any. */
  readonly header?: CometHeader;
  readonly commit?: CometCommit;
}

export type Certificate = SoloCertificate | CometCertificate;

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
  /** As in the header; left out where empty. */
  readonly absent?: readonly string[];
  readonly misbehaviour?: readonly Misbehaviour[];
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
  return encodeUtf8(leafText(receipt));
}

/** Canonical JSON (RFC 8785) of `{ code, facts, id }`: an id is hexadecimal, and a code a whole number. */
function leafText({ id, code, facts }: Receipt): string {
  return `{"code":${code},"facts":${canonicalJson(facts)},"id":"${id}"}`;
}

/** Receipts of a block: the root over their hashed parts, and each as it is stored, its members in the order in which they were answered. */
export function encodeReceipts(receipts: readonly Receipt[]): {
  readonly root: string;
  readonly encoded: readonly Uint8Array[];
} {
  const slabs = new Utf8Slabs();
  const hashes = receipts.map((receipt) => leafHashOfText(leafText(receipt)));
  const encoded = receipts.map((receipt) => slabs.encode(JSON.stringify(receipt)));
  return { root: encodeBase64Url(treeHash(hashes)), encoded };
}

/** RFC 6962 root over byte strings. */
export function rootOf(leaves: readonly Uint8Array[]): string {
  return encodeBase64Url(treeHash(leaves.map((leaf) => leafHash(leaf))));
}
