/**
 * How a state is written down for a fresh node: one stream of bytes, cut into chunks of equal size. It holds nothing but what the app
 * hash vouches for, so that it is the same on every node and no part of it has to be believed: the header, which has the app hash,
 * and the records, which have the root that the header names.
 *
 * Stream: magic; the engine's height of the block (8 bytes, big endian); length of the header (4) and the header; then every slot in
 * its order: length of the key (2), key, length of the value (4; `DELETED` for none), value.
 */
import { decodeUtf8, encodeUtf8, isHansaError, parseJson } from "#base";
import { sha256Parts } from "#crypto";
import type { StoredRecord } from "#ledger";
import { type BlockHeader, encodeHeader } from "#protocol";
import { engineError } from "../../errors.ts";

/** Number of this encoding among peers. */
export const SNAPSHOT_FORMAT = 1;
/** Bytes of every chunk but the last: sealing and hashing one takes a few milliseconds. */
export const CHUNK_BYTES = 1024 * 1024;
/** Most chunks of a snapshot: their hashes must fit into one message of CometBFT's, 4 MB. */
export const MAX_CHUNKS = 65_536;
/** Largest value of a record: what a store takes. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;
const MAX_HEADER_BYTES = 65_536;
const HEADER_DEPTH = 16;
const DELETED = 0xffffffff;
const HASH_BYTES = 32;
const MAGIC = encodeUtf8("HANSA-SNAPSHOT-1");
const HASH_DOMAIN = encodeUtf8("hansa snapshot v1\0");

/** What a stream begins with. */
export interface Opening {
  readonly header: BlockHeader;
  /** Height of the engine's block that holds the header's transactions. */
  readonly block: number;
}

/** Collects a stream and cuts it. */
export class ChunkCutter {
  #chunk = new Uint8Array(CHUNK_BYTES);
  #used = 0;

  /** Adds to the stream. @returns the chunks that became full */
  push(bytes: Uint8Array): Uint8Array[] {
    const full: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + CHUNK_BYTES - this.#used);
      this.#chunk.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === CHUNK_BYTES) {
        full.push(this.#chunk);
        this.#chunk = new Uint8Array(CHUNK_BYTES);
        this.#used = 0;
      }
    }
    return full;
  }

  /** The last chunk, where anything is left. */
  end(): Uint8Array[] {
    return this.#used === 0 ? [] : [this.#chunk.subarray(0, this.#used)];
  }
}

/** Beginning of the stream. */
export function encodeOpening({ header, block }: Opening): Uint8Array {
  const encoded = encodeHeader(header);
  const bytes = new Uint8Array(MAGIC.length + 12 + encoded.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setBigUint64(MAGIC.length, BigInt(block));
  view.setUint32(MAGIC.length + 8, encoded.length);
  bytes.set(encoded, MAGIC.length + 12);
  return bytes;
}

/** A part of the stream: consecutive slots, the first of all being 0. */
export function encodeRecords(records: readonly StoredRecord[]): Uint8Array {
  const keys = records.map(({ key }) => encodeUtf8(key));
  let size = 0;
  records.forEach(({ value }, i) => {
    size += 6 + (keys[i] as Uint8Array).length + (value?.length ?? 0);
  });
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  records.forEach(({ value }, i) => {
    const key = keys[i] as Uint8Array;
    view.setUint16(at, key.length);
    bytes.set(key, at + 2);
    at += 2 + key.length;
    view.setUint32(at, value === null ? DELETED : value.length);
    if (value !== null) bytes.set(value, at + 4);
    at += 4 + (value?.length ?? 0);
  });
  return bytes;
}

/**
 * What a stream begins with, out of its first chunk, and how many bytes of it that is.
 *
 * @throws HansaError `engine.snapshot-malformed`
 */
export function readOpening(chunk: Uint8Array): Opening & { readonly size: number } {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const start = MAGIC.length + 12;
  if (chunk.length < start || MAGIC.some((byte, i) => chunk[i] !== byte)) throw malformed("it does not begin as one");
  const block = Number(view.getBigUint64(MAGIC.length));
  const length = view.getUint32(MAGIC.length + 8);
  if (!Number.isSafeInteger(block) || length > MAX_HEADER_BYTES || start + length > chunk.length)
    throw malformed("its header is not whole");
  const encoded = chunk.subarray(start, start + length);
  const header = decodeHeader(encoded);
  return { header, block, size: start + length };
}

/** Whose hash is vouched for, so that only its spelling is looked at here. */
function decodeHeader(encoded: Uint8Array): BlockHeader {
  let header: unknown;
  try {
    // A peer's: as deep as it likes, what follows would not come to an end.
    header = parseJson(encoded, { depth: HEADER_DEPTH, integers: true });
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw malformed("its header is no JSON of a header");
  }
  if (typeof header !== "object" || header === null) throw malformed("its header is no object");
  const again = canonicalOf(header as BlockHeader);
  if (again === undefined || again.length !== encoded.length || again.some((byte, i) => byte !== encoded[i]))
    throw malformed("its header is spelled differently");
  return header as BlockHeader;
}

function canonicalOf(header: BlockHeader): Uint8Array | undefined {
  try {
    return encodeHeader(header);
  } catch (error) {
    if (isHansaError(error)) return undefined;
    throw error;
  }
}

/**
 * The records of a stream, by slot. Keeps one chunk in memory, and a record that several of them share.
 *
 * @throws HansaError `engine.snapshot-malformed` where it ends within a record, or is no such stream
 */
export function* decodeRecords(chunks: Iterable<Uint8Array>): IterableIterator<StoredRecord> {
  let rest: Uint8Array | undefined;
  let slot = 0;
  for (const chunk of chunks) {
    const bytes: Uint8Array = rest === undefined ? chunk.subarray(readOpening(chunk).size) : joined(rest, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    for (;;) {
      const record = readRecord(bytes, view, at, slot);
      if (record === undefined) break;
      at += record.size;
      slot++;
      yield record.record;
    }
    rest = bytes.subarray(at);
  }
  if (rest === undefined || rest.length > 0) throw malformed("it ends in the middle");
}

function readRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  slot: number,
): { readonly record: StoredRecord; readonly size: number } | undefined {
  if (at + 2 > bytes.length) return undefined;
  const valueAt = at + 2 + view.getUint16(at) + 4;
  if (valueAt > bytes.length) return undefined;
  const length = view.getUint32(valueAt - 4);
  if (length !== DELETED && length > MAX_VALUE_BYTES) throw malformed("a value is too large");
  const end = length === DELETED ? valueAt : valueAt + length;
  if (end > bytes.length) return undefined;
  const key = decodeUtf8(bytes.subarray(at + 2, valueAt - 4));
  if (key === undefined) throw malformed("a key is no UTF-8");
  // A copy: the chunk must not stay in memory for the sake of one value.
  const value = length === DELETED ? null : bytes.slice(valueAt, end);
  return { record: { slot, key, value }, size: end - at };
}

function joined(rest: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (rest.length === 0) return chunk;
  const bytes = new Uint8Array(rest.length + chunk.length);
  bytes.set(rest);
  bytes.set(chunk, rest.length);
  return bytes;
}

/** Hash of one chunk, as it stands in the metadata. */
export function hashChunk(chunk: Uint8Array): Uint8Array {
  return sha256Parts(chunk);
}

/** The metadata: the hashes of all chunks, one behind the other. */
export function encodeMetadata(hashes: readonly Uint8Array[]): Uint8Array {
  const metadata = new Uint8Array(hashes.length * HASH_BYTES);
  hashes.forEach((hash, i) => {
    metadata.set(hash, i * HASH_BYTES);
  });
  return metadata;
}

/** Hash that a snapshot's metadata says a chunk has; `undefined` behind the last. */
export function hashInMetadata(metadata: Uint8Array, index: number): Uint8Array | undefined {
  const at = index * HASH_BYTES;
  return index >= 0 && at + HASH_BYTES <= metadata.length ? metadata.subarray(at, at + HASH_BYTES) : undefined;
}

/** How many chunks a snapshot's metadata speaks of; `undefined` where it is none. */
export function chunksInMetadata(metadata: Uint8Array): number | undefined {
  const chunks = metadata.length / HASH_BYTES;
  return Number.isInteger(chunks) && chunks >= 1 && chunks <= MAX_CHUNKS ? chunks : undefined;
}

/** Hash of a snapshot: over its height and the hashes of its chunks. */
export function hashSnapshot(block: number, metadata: Uint8Array): Uint8Array {
  const height = new Uint8Array(8);
  new DataView(height.buffer).setBigUint64(0, BigInt(block));
  return sha256Parts(HASH_DOMAIN, height, metadata);
}

function malformed(why: string) {
  return engineError("engine.snapshot-malformed", `this is no snapshot of a ledger: ${why}`, { problem: why });
}
