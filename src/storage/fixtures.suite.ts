/** Contents for the tests of this room. */
import { createHash } from "node:crypto";
import type { CommitBatch, StoredBlock } from "./group-store.ts";
import type { StoredRecord } from "./record-log.ts";

/** Text as bytes. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function plainOf(value: Uint8Array): Uint8Array {
  return Uint8Array.from(value);
}

/** A 32-byte hash of a text. */
export function hashOf(text: string): Uint8Array {
  return plainOf(createHash("sha256").update(text).digest());
}

/** A transaction id that expires at `expiry` seconds. */
export function idOf(expiry: number, name: string): Uint8Array {
  const id = plainOf(createHash("sha256").update(name).digest().subarray(0, 20));
  new DataView(id.buffer).setUint32(0, expiry);
  return id;
}

/** A block with a content that its height determines. */
export function blockAt(height: number, transactions = 2): StoredBlock {
  const list = (what: string) => Array.from({ length: transactions }, (_, i) => bytes(`${what} ${height}/${i}`));
  return {
    height,
    time: height * 10,
    header: bytes(`header ${height}`),
    certificate: bytes(`certificate ${height}`),
    transactions: list("transaction"),
    receipts: list("receipt"),
  };
}

/** A commit of that block. */
export function batchAt(height: number, records: readonly StoredRecord[], transactions = 2): CommitBatch {
  return {
    block: blockAt(height, transactions),
    records,
    ids: Array.from({ length: transactions }, (_, index) => ({ id: idOf(1000 + height, `${height}/${index}`), index })),
  };
}
