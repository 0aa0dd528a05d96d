import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHex, encodeHex, encodeUtf8 } from "#base";
import {
  consistencyProof,
  inclusionProof,
  type LogNodes,
  LogTree,
  leafHash,
  leafHashOfText,
  treeHash,
  verifyConsistency,
  verifyInclusion,
} from "./log-tree.ts";

const vectors = JSON.parse(readFileSync(new URL("../../../vectors/rfc6962.json", import.meta.url), "utf8")) as {
  emptyRoot: string;
  leaves: string[];
  roots: string[];
  inclusion: { index: number; size: number; proof: string[] }[];
  consistency: { oldSize: number; newSize: number; proof: string[] }[];
};
const bytes = (hex: string) => decodeHex(hex) as Uint8Array;
const leaves = vectors.leaves.map((leaf) => leafHash(bytes(leaf)));
const many = Array.from({ length: 300 }, (_, i) => leafHash(Uint8Array.of(i >> 8, i & 255)));

/** A log whose store holds what a database would: leaf hashes and what `append` answered. */
function stored(hashes: readonly Uint8Array[], batch = hashes.length) {
  const nodes = new Map<string, Uint8Array>();
  let reads = 0;
  const source: LogNodes = (level, index) => {
    reads++;
    return nodes.get(`${level}/${index}`);
  };
  const log = new LogTree(source);
  for (let at = 0; at < hashes.length; at += Math.max(1, batch)) {
    const part = hashes.slice(at, at + Math.max(1, batch));
    for (const [i, hash] of part.entries()) nodes.set(`0/${at + i}`, hash);
    for (const { level, index, hash } of log.append(part).nodes) nodes.set(`${level}/${index}`, hash);
  }
  return { log, source, nodes, reads: () => reads };
}

const sizes = fc
  .tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

describe("RFC 6962 hashing", () => {
  it("hashes a text as its bytes in UTF-8, however long", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.nat(60), (text, times) => {
        const long = text.repeat(times);
        expect(leafHashOfText(long)).toEqual(leafHash(encodeUtf8(long)));
      }),
    );
  });

  it("gives the published roots", () => {
    expect(encodeHex(treeHash([]))).toBe(vectors.emptyRoot);
    vectors.roots.forEach((root, i) => {
      expect(encodeHex(treeHash(leaves.slice(0, i + 1)))).toBe(root);
    });
  });

  it("makes and verifies the published inclusion proofs", () => {
    for (const { index, size, proof } of vectors.inclusion) {
      expect(inclusionProof(leaves.slice(0, size), index).map(encodeHex)).toEqual(proof);
      const root = bytes(vectors.roots[size - 1] as string);
      expect(verifyInclusion(leaves[index] as Uint8Array, index, size, proof.map(bytes), root)).toBe(true);
    }
  });

  it("makes and verifies the published consistency proofs", () => {
    for (const { oldSize, newSize, proof } of vectors.consistency) {
      expect(consistencyProof(leaves.slice(0, newSize), oldSize).map(encodeHex)).toEqual(proof);
      const [oldRoot, newRoot] = [oldSize, newSize].map((size) => bytes(vectors.roots[size - 1] as string));
      expect(verifyConsistency(oldSize, oldRoot as Uint8Array, newSize, newRoot as Uint8Array, proof.map(bytes))).toBe(
        true,
      );
    }
  });

  it("refuses an inclusion proof for another index, size, leaf or root, cut, extended or with a bit changed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), (size, a, b) => {
        const index = a % size;
        const proof = inclusionProof(many.slice(0, size), index);
        const root = treeHash(many.slice(0, size));
        const leaf = many[index] as Uint8Array;
        const flip = (hash: Uint8Array) => hash.map((byte, i) => (i === b % 32 ? byte ^ (1 << (b % 8)) : byte));
        expect(verifyInclusion(leaf, index, size, proof, root)).toBe(true);
        expect(verifyInclusion(leaf, index + 1, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaf, index - 1, size, proof, root)).toBe(false);
        expect(verifyInclusion(flip(leaf), index, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, proof, flip(root))).toBe(false);
        expect(verifyInclusion(leaf, index, size, [...proof, root], root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, [root, ...proof], root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, [new Uint8Array(0), ...proof], root)).toBe(false);
        if (proof.length > 0) {
          expect(verifyInclusion(leaf, index, size, proof.slice(1), root)).toBe(false);
          const at = b % proof.length;
          expect(
            verifyInclusion(
              leaf,
              index,
              size,
              proof.map((h, i) => (i === at ? flip(h) : h)),
              root,
            ),
          ).toBe(false);
        }
      }),
    );
  });

  it("refuses a consistency proof with other roots or sizes, cut, extended or with a bit changed", () => {
    fc.assert(
      fc.property(sizes, fc.nat(), ([oldSize, newSize], b) => {
        fc.pre(oldSize > 0 && oldSize < newSize);
        const proof = consistencyProof(many.slice(0, newSize), oldSize);
        const [old, now] = [treeHash(many.slice(0, oldSize)), treeHash(many.slice(0, newSize))];
        const flip = (hash: Uint8Array) => hash.map((byte, i) => (i === b % 32 ? byte ^ (1 << (b % 8)) : byte));
        expect(verifyConsistency(oldSize, old, newSize, now, proof)).toBe(true);
        expect(verifyConsistency(oldSize, now, newSize, old, proof)).toBe(false);
        expect(verifyConsistency(oldSize, flip(old), newSize, now, proof)).toBe(false);
        expect(verifyConsistency(oldSize, old, newSize, flip(now), proof)).toBe(false);
        expect(verifyConsistency(newSize, old, oldSize, now, proof)).toBe(false);
        expect(verifyConsistency(oldSize, old, newSize, now, [...proof, now])).toBe(false);
        expect(verifyConsistency(oldSize, old, newSize, now, [old, ...proof])).toBe(false);
        expect(verifyConsistency(oldSize, old, newSize, now, proof.slice(1))).toBe(false);
        expect(verifyConsistency(oldSize, old, newSize, now, [])).toBe(false);
        const at = b % proof.length;
        const forged = proof.map((hash, i) => (i === at ? flip(hash) : hash));
        expect(verifyConsistency(oldSize, old, newSize, now, forged)).toBe(false);
      }),
    );
  });

  it("holds every log consistent with the empty one and with itself, by an empty proof only", () => {
    const empty = treeHash([]);
    const root = treeHash(many);
    expect(verifyConsistency(0, empty, 0, empty, [])).toBe(true);
    expect(verifyConsistency(0, empty, 300, root, [])).toBe(true);
    expect(verifyConsistency(300, root, 300, root, [])).toBe(true);
    expect(verifyConsistency(0, root, 300, root, [])).toBe(false);
    expect(verifyConsistency(0, root, 0, root, [])).toBe(false);
    expect(verifyConsistency(0, empty, 300, root, [root])).toBe(false);
    expect(verifyConsistency(300, root, 300, root, [root])).toBe(false);
  });

  it("answers false to garbage and throws at none", () => {
    const endless = new Array<Uint8Array>(2_000_000).fill(many[0] as Uint8Array);
    expect(verifyInclusion(many[0] as Uint8Array, 0, 2, endless, many[0] as Uint8Array)).toBe(false);
    expect(verifyConsistency(1, many[0] as Uint8Array, 2, many[0] as Uint8Array, endless)).toBe(false);
    fc.assert(
      fc.property(fc.array(fc.anything(), { minLength: 5, maxLength: 5 }), (junk) => {
        expect(verifyInclusion(...(junk as unknown as Parameters<typeof verifyInclusion>))).toBe(false);
        expect(verifyConsistency(...(junk as unknown as Parameters<typeof verifyConsistency>))).toBe(false);
      }),
    );
  });
});

describe("LogTree", () => {
  it("agrees with hashing everything anew, at every size and for any batches", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 70 }), fc.nat(), ([oldSize, newSize], batch, pick) => {
        const { log } = stored(many.slice(0, newSize), batch);
        expect(log.size).toBe(newSize);
        expect(log.root()).toEqual(treeHash(many.slice(0, newSize)));
        expect(log.root(oldSize)).toEqual(treeHash(many.slice(0, oldSize)));
        expect(log.consistency(oldSize, newSize)).toEqual(consistencyProof(many.slice(0, newSize), oldSize));
        if (oldSize > 0) {
          const index = pick % oldSize;
          expect(log.inclusion(index, oldSize)).toEqual(inclusionProof(many.slice(0, oldSize), index));
        }
      }),
    );
  });

  it("goes on from its store after a restart", () => {
    fc.assert(
      fc.property(sizes, ([before, after]) => {
        const { source, nodes } = stored(many.slice(0, before));
        const again = new LogTree(source, before);
        expect(again.root()).toEqual(treeHash(many.slice(0, before)));
        for (const [i, hash] of many.slice(before, after).entries()) nodes.set(`0/${before + i}`, hash);
        for (const { level, index, hash } of again.append(many.slice(before, after)).nodes)
          nodes.set(`${level}/${index}`, hash);
        expect(again.root()).toEqual(treeHash(many.slice(0, after)));
        expect(again.root(before)).toEqual(treeHash(many.slice(0, before)));
      }),
    );
  });

  it("proves in a number of reads that grows with the logarithm of the size", () => {
    const size = 2 ** 15 - 1;
    const { log, reads } = stored(Array.from({ length: size }, (_, i) => many[i % 300] as Uint8Array));
    const start = reads();
    log.inclusion(12345, size);
    log.consistency(20000, size);
    expect(reads() - start).toBeLessThanOrEqual(4 * 15);
  });

  it("names a stored hash that is missing", () => {
    const { source, nodes } = stored(many.slice(0, 8));
    nodes.delete("2/0");
    const log = new LogTree(source, 8);
    expect(() => log.inclusion(7, 8)).toThrowError(
      expect.objectContaining({ code: "crypto.log-node-missing", payload: { level: 2, index: 0 } }),
    );
    nodes.delete("3/0");
    expect(() => new LogTree(source, 8)).toThrowError(expect.objectContaining({ code: "crypto.log-node-missing" }));
  });

  it("refuses indices and sizes outside of the log", () => {
    const { log } = stored(many.slice(0, 5));
    const outside = expect.objectContaining({ code: "crypto.log-range" });
    expect(() => log.root(6)).toThrowError(outside);
    expect(() => log.root(-1)).toThrowError(outside);
    expect(() => log.inclusion(5, 5)).toThrowError(outside);
    expect(() => log.inclusion(0, 6)).toThrowError(outside);
    expect(() => log.inclusion(0.5, 5)).toThrowError(outside);
    expect(() => log.consistency(4, 3)).toThrowError(outside);
    expect(() => log.consistency(3, 6)).toThrowError(outside);
    expect(() => inclusionProof(many, 300)).toThrowError(outside);
    expect(() => consistencyProof(many, 301)).toThrowError(outside);
  });
});
