import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes } from "#base";
import { TRANSACTION_LIMITS } from "#protocol";
import { BUNDLE_LIMITS, bundleOverhead, decodeBundle, encodeBundle } from "./bundle.ts";

const nonce = fc.uint8Array({ minLength: 8, maxLength: 8 });
const transactions = fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { minLength: 1, maxLength: 40 });
const zeros = new Uint8Array(8);

describe("a bundle", () => {
  it("gives back what was put in, in order", () => {
    fc.assert(
      fc.property(transactions, nonce, (inner, random) => {
        const bundle = encodeBundle(inner, random);
        expect(bundle.length).toBeLessThanOrEqual(
          inner.reduce((sum, { length }) => sum + length, bundleOverhead(inner.length)),
        );
        expect(decodeBundle(bundle)).toEqual(inner);
      }),
    );
  });

  it("has one encoding: whatever decodes encodes to the very same bytes", () => {
    const near = fc
      .tuple(transactions, nonce, fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([inner, random, at, byte]) => {
        const bundle = encodeBundle(inner, random);
        bundle[at % bundle.length] = byte;
        return bundle;
      });
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const inner = decodeBundle(bytes);
        if (inner !== undefined) expect(encodeBundle(inner, bytes.subarray(1, 9))).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it("is another one with another nonce", () => {
    const inner = [Uint8Array.of(1, 2, 3)];
    expect(encodeBundle(inner, zeros)).not.toEqual(
      encodeBundle(
        inner,
        zeros.map((_, i) => i),
      ),
    );
  });

  it("refuses what is cut short, too long at its end, or of another version", () => {
    const bundle = encodeBundle([Uint8Array.of(1, 2, 3), Uint8Array.of(4)], zeros);
    for (let end = 0; end < bundle.length; end++) expect(decodeBundle(bundle.subarray(0, end))).toBeUndefined();
    expect(decodeBundle(concatBytes(bundle, Uint8Array.of(0)))).toBeUndefined();
    expect(decodeBundle(Uint8Array.of(2, ...bundle.subarray(1)))).toBeUndefined();
  });

  it("refuses numbers that are not in their shortest form", () => {
    const head = [1, ...zeros];
    expect(decodeBundle(Uint8Array.of(...head, 1, 1, 9))).toEqual([Uint8Array.of(9)]);
    expect(decodeBundle(Uint8Array.of(...head, 0x81, 0, 1, 9))).toBeUndefined();
    expect(decodeBundle(Uint8Array.of(...head, 1, 0x81, 0, 9))).toBeUndefined();
    expect(decodeBundle(Uint8Array.of(...head, 1, 0x81, 0x80, 0, 9))).toBeUndefined();
  });

  it("holds at least one transaction, none of them empty", () => {
    expect(decodeBundle(encodeBundle([], zeros))).toBeUndefined();
    expect(decodeBundle(encodeBundle([Uint8Array.of(1), new Uint8Array()], zeros))).toBeUndefined();
  });

  it("takes as many and as large ones as the limits say, and no more", () => {
    const most = Array.from({ length: BUNDLE_LIMITS.transactions }, () => Uint8Array.of(7));
    expect(decodeBundle(encodeBundle(most, zeros))).toEqual(most);
    expect(decodeBundle(encodeBundle([...most, Uint8Array.of(7)], zeros))).toBeUndefined();
    const large = new Uint8Array(TRANSACTION_LIMITS.bytes).fill(5);
    expect(decodeBundle(encodeBundle([large], zeros))).toEqual([large]);
    expect(decodeBundle(encodeBundle([new Uint8Array(TRANSACTION_LIMITS.bytes + 1)], zeros))).toBeUndefined();
    // Three of the largest leave room for this one exactly, and for no byte more.
    const rest = BUNDLE_LIMITS.bytes - encodeBundle([large, large, large, Uint8Array.of(1)], zeros).length + 1 - 2;
    const full = encodeBundle([large, large, large, new Uint8Array(rest).fill(1)], zeros);
    expect(full.length).toBe(BUNDLE_LIMITS.bytes);
    expect(decodeBundle(full)).toHaveLength(4);
    expect(decodeBundle(encodeBundle([large, large, large, new Uint8Array(rest + 1)], zeros))).toBeUndefined();
  });
});
