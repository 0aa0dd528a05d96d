import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, encodeUtf8 } from "#base";
import { BUNDLE_LIMITS, encodeBundle } from "./bundle.ts";
import { compressBundle, MOST_GROWTH, openBundle } from "./compressed-bundle.ts";

const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
/** Texts with parts in common and parts of their own. */
const texts = (count: number) =>
  Array.from({ length: count }, (_, i) => encodeUtf8(`{"op":"identity.setService","n":${i * 7919},"x":"${i ** 5}"}`));
const compressed = (body: Uint8Array) => concatBytes(Uint8Array.of(2), nonce, body);

describe("a bundle that travels", () => {
  it("gives back what was put in, compressed or not", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (parts, times) => {
          const inner = Array.from({ length: times }, () => parts.map((text) => encodeUtf8(text))).flat();
          const plain = encodeBundle(inner, nonce);
          const travels = compressBundle(plain);
          expect(travels.length).toBeLessThanOrEqual(plain.length);
          expect(openBundle(travels)).toEqual(inner);
        },
      ),
    );
  });

  it("is smaller where its transactions resemble each other, and another one with another nonce", () => {
    const inner = texts(100);
    const plain = encodeBundle(inner, nonce);
    const travels = compressBundle(plain);
    expect(travels.length).toBeLessThan(plain.length / 2);
    expect(travels.subarray(1, 9)).toEqual(nonce);
    const other = compressBundle(encodeBundle(inner, nonce.toReversed()));
    expect(other).not.toEqual(travels);
    expect(openBundle(other)).toEqual(inner);
  });

  it("stays plain where it is small, or would become too large from what travels", () => {
    const small = encodeBundle([Uint8Array.of(1)], nonce);
    expect(compressBundle(small)).toBe(small);
    const uniform = encodeBundle([new Uint8Array(20_000).fill(9)], nonce);
    expect(compressBundle(uniform)).toBe(uniform);
    expect(openBundle(uniform)).toHaveLength(1);
  });

  it("is refused where it grows beyond its limits, whatever it holds", () => {
    const body = (length: number) => encodeBundle([new Uint8Array(length).fill(9)], nonce).subarray(9);
    const bomb = compressed(deflateRawSync(body(60_000)));
    expect(bomb.length * MOST_GROWTH).toBeLessThan(60_000);
    expect(openBundle(bomb)).toBeUndefined();
    const random = Array.from({ length: 5 }, () => Uint8Array.from({ length: 60_000 }, (_, i) => (i * i) >> 3));
    const large = encodeBundle(random, nonce);
    expect(large.length).toBeGreaterThan(BUNDLE_LIMITS.bytes);
    expect(openBundle(compressed(deflateRawSync(large.subarray(9))))).toBeUndefined();
  });

  it("is refused where it is cut short, goes on behind its end, or holds no bundle", () => {
    const travels = compressBundle(encodeBundle(texts(60), nonce));
    expect(travels[0]).toBe(2);
    for (let end = 0; end < travels.length; end++) expect(openBundle(travels.subarray(0, end))).toBeUndefined();
    expect(openBundle(concatBytes(travels, Uint8Array.of(0)))).toBeUndefined();
    expect(openBundle(compressed(deflateRawSync(encodeUtf8("no bundle at all"))))).toBeUndefined();
    expect(openBundle(Uint8Array.of(3, ...travels.subarray(1)))).toBeUndefined();
  });

  it("gives transactions or nothing, whatever comes", () => {
    const good = compressBundle(encodeBundle(texts(60), nonce));
    const near = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
      const bytes = Uint8Array.from(good);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    const any = fc.uint8Array({ maxLength: 200 }).map((bytes) => compressed(bytes));
    fc.assert(
      fc.property(fc.oneof(near, any), (bytes) => {
        const inner = openBundle(bytes);
        if (inner === undefined) return;
        expect(inner.length).toBeGreaterThan(0);
        expect(inner.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(bytes.length * MOST_GROWTH);
      }),
      { numRuns: 2000 },
    );
  });
});
