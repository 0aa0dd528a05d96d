import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "#base";
import type { StoredRecord } from "#ledger";
import type { BlockHeader } from "#protocol";
import {
  CHUNK_BYTES,
  ChunkCutter,
  chunksInMetadata,
  decodeRecords,
  encodeMetadata,
  encodeOpening,
  encodeRecords,
  hashChunk,
  hashInMetadata,
  hashSnapshot,
  readOpening,
} from "./snapshot-stream.ts";

const header: BlockHeader = {
  version: 1,
  group: "hanse:main:x",
  height: 7,
  time: 1_767_225_600_007,
  previous: "p",
  transactions: "t",
  receipts: "r",
  state: "s",
};
const opening = { header, block: 12 };
const malformed = expect.objectContaining({ code: "engine.snapshot-malformed" });

const key = fc.string({ unit: fc.constantFrom("a", "/", "é", "\u{10ffff}", "0"), maxLength: 30 });
const value = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });
const recordList = fc
  .array(fc.record({ key, value }), { maxLength: 60 })
  .map((list) => list.map((record, slot) => ({ slot, ...record })));

/** The chunks of a stream, its records handed in by slices of these sizes. */
function chunksOf(records: readonly StoredRecord[], sizes: readonly number[] = [records.length]): Uint8Array[] {
  const cutter = new ChunkCutter();
  const chunks = cutter.push(encodeOpening(opening));
  let at = 0;
  for (const size of [...sizes, records.length]) {
    chunks.push(...cutter.push(encodeRecords(records.slice(at, at + size))));
    at += size;
  }
  return [...chunks, ...cutter.end()];
}

function whole(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(chunks));
}

describe("the stream of a snapshot", () => {
  it("gives back header, block and every record", () => {
    fc.assert(
      fc.property(recordList, (records) => {
        const chunks = chunksOf(records);
        expect(readOpening(chunks[0] as Uint8Array)).toMatchObject(opening);
        expect([...decodeRecords(chunks)]).toEqual(records);
      }),
    );
  });

  it("has the same bytes however the records were read", () => {
    fc.assert(
      fc.property(recordList, fc.array(fc.nat(9), { maxLength: 30 }), (records, sizes) => {
        expect(whole(chunksOf(records, sizes))).toEqual(whole(chunksOf(records)));
      }),
    );
  });

  it("is refused wherever it is cut, unless a record ends there", () => {
    fc.assert(
      fc.property(recordList, fc.nat(), (records, where) => {
        const bytes = whole(chunksOf(records));
        const cut = bytes.subarray(0, where % bytes.length);
        const ends = records.map((_, i) => whole(chunksOf(records.slice(0, i))).length);
        if (ends.includes(cut.length)) expect([...decodeRecords([cut])].length).toBeLessThan(records.length);
        else expect(() => [...decodeRecords([cut])]).toThrow(malformed);
      }),
    );
  });

  it("is never read as anything but a list of records or a refusal, whatever the bytes", () => {
    fc.assert(
      fc.property(recordList, fc.nat(), fc.nat(255), (records, where, byte) => {
        const bytes = whole(chunksOf(records));
        bytes[where % bytes.length] = byte;
        let read: StoredRecord[] | undefined;
        try {
          read = [...decodeRecords([bytes])];
        } catch (error) {
          expect(error).toEqual(malformed);
        }
        // What was read says the same as the bytes: no second spelling of it.
        if (read !== undefined) {
          const { size } = readOpening(bytes);
          expect(Buffer.from(encodeRecords(read)).equals(bytes.subarray(size))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is cut into full chunks and a rest, also within records that are larger than a chunk", () => {
    const sizes = [10, 3 * CHUNK_BYTES + 17, 0, CHUNK_BYTES, 5];
    const records = sizes.map((size, slot) => ({ slot, key: `k${slot}`, value: new Uint8Array(size).fill(slot + 1) }));
    const chunks = chunksOf(records, [1, 1, 1, 1]);
    expect(chunks.slice(0, -1).map(({ length }) => length)).toEqual(chunks.slice(1).map(() => CHUNK_BYTES));
    const read = [...decodeRecords(chunks)];
    expect(read.map((record) => record.key)).toEqual(records.map((record) => record.key));
    read.forEach((record, i) => {
      expect(Buffer.from(record.value ?? []).equals(records[i]?.value ?? Buffer.alloc(0))).toBe(true);
    });
  });

  it("refuses what does not begin as one", () => {
    const good = encodeOpening(opening);
    const spaced = encodeUtf8(JSON.stringify(header, null, 1));
    const respelled = new Uint8Array(28 + spaced.length);
    respelled.set(good.subarray(0, 28));
    new DataView(respelled.buffer).setUint32(24, spaced.length);
    respelled.set(spaced, 28);
    const deep = encodeUtf8(`${'{"a":'.repeat(8000)}1${"}".repeat(8000)}`);
    const nested = new Uint8Array(28 + deep.length);
    nested.set(good.subarray(0, 28));
    new DataView(nested.buffer).setUint32(24, deep.length);
    nested.set(deep, 28);
    const longer = good.slice();
    new DataView(longer.buffer).setUint32(24, good.length);
    const beyond = good.slice();
    new DataView(beyond.buffer).setBigUint64(16, 2n ** 60n);
    for (const bytes of [new Uint8Array(), good.subarray(1), good.subarray(0, 27), respelled, nested, longer, beyond])
      expect(() => readOpening(bytes)).toThrow(malformed);
    expect(() => [...decodeRecords([])]).toThrow(malformed);
  });

  it("refuses a length that no value has, before looking for its bytes", () => {
    const bytes = whole(chunksOf([{ slot: 0, key: "k", value: new Uint8Array(3) }]));
    new DataView(bytes.buffer).setUint32(bytes.length - 7, 0xfffffffe);
    expect(() => [...decodeRecords([bytes])]).toThrow(malformed);
  });
});

describe("a snapshot's metadata", () => {
  it("names the hash of every chunk in its place, and no other", () => {
    const hashes = ["a", "b", "c"].map((text) => hashChunk(encodeUtf8(text)));
    const metadata = encodeMetadata(hashes);
    expect(chunksInMetadata(metadata)).toBe(3);
    hashes.forEach((hash, i) => {
      expect(hashInMetadata(metadata, i)).toEqual(hash);
    });
    for (const index of [-1, 3, 2 ** 32]) expect(hashInMetadata(metadata, index)).toBeUndefined();
    for (const length of [0, 31, 33, 65_537 * 32]) expect(chunksInMetadata(new Uint8Array(length))).toBeUndefined();
  });

  it("is hashed together with the height", () => {
    const metadata = encodeMetadata([hashChunk(encodeUtf8("a"))]);
    const other = encodeMetadata([hashChunk(encodeUtf8("b"))]);
    const all = [hashSnapshot(1, metadata), hashSnapshot(2, metadata), hashSnapshot(1, other)];
    expect(new Set(all.map((hash) => Buffer.from(hash).toString("hex"))).size).toBe(3);
    expect(hashSnapshot(1, metadata.slice())).toEqual(all[0]);
  });
});
