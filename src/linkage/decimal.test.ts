import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareDecimals, compareNumber, type DecimalNumber, parseDecimal } from "./decimal.ts";
import { compileComparison, isSameValue, keepValue } from "./values.ts";

const decimal = (text: string) => parseDecimal(text) as DecimalNumber;

describe("decimals", () => {
  it("takes a JSON number for what its text says, not for the binary fraction next to it", () => {
    expect(compareNumber(0.3, decimal("0.3"))).toBe(0);
    expect(compareNumber(0.1 + 0.2, decimal("0.3"))).toBe(1);
    expect(compareNumber(21.3, decimal("21.300000000"))).toBe(0);
    expect(compareNumber(1e21, decimal("999999999999.999999999"))).toBe(1);
    expect(compareNumber(5e-324, decimal("0"))).toBe(1);
    expect(compareNumber(-0, decimal("0"))).toBe(0);
    expect(compareNumber(123456789012.12346, decimal("123456789012.123456789"))).toBe(1);
  });

  it("compares as exact integers do", () => {
    const value = fc.tuple(fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }), fc.integer({ min: 0, max: 9 }));
    const text = ([digits, scale]: [bigint, number]) => {
      const padded = String(digits < 0n ? -digits : digits).padStart(scale + 1, "0");
      const [whole, fraction] = [padded.slice(0, padded.length - scale), padded.slice(padded.length - scale)];
      return `${digits < 0n ? "-" : ""}${whole}${scale > 0 ? `.${fraction}` : ""}`;
    };
    fc.assert(
      fc.property(value, value, (a, b) => {
        const left = a[0] * 10n ** BigInt(9 - a[1]);
        const right = b[0] * 10n ** BigInt(9 - b[1]);
        expect(compareDecimals(decimal(text(a)), decimal(text(b)))).toBe(left < right ? -1 : left > right ? 1 : 0);
      }),
    );
  });

  it("agrees with itself whichever way a number comes in", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (a, b) => {
          expect(Math.sign(compareNumber(a, decimal(String(b))))).toBe(a < b ? -1 : a > b ? 1 : 0);
        },
      ),
    );
  });
});

describe("values", () => {
  it("holds a value against a comparison without guessing at types", () => {
    const range = compileComparison({ above: "20", below: "25.5" });
    expect([20, 20.1, 25.4, 25.5, "21.5", "warm", null, true].map(range)).toEqual([
      false,
      true,
      true,
      false,
      true,
      undefined,
      undefined,
      undefined,
    ]);
    expect([true, "true", 1].map(compileComparison({ equals: true }))).toEqual([true, false, false]);
    expect([1, "1.0", true, "one"].map(compileComparison({ equals: 1 }))).toEqual([true, true, false, false]);
    expect([21.5, "21.50", 21].map(compileComparison({ equals: { decimal: "21.5" } }))).toEqual([true, true, false]);
    expect(["on", 21].map(compileComparison({ equals: "on" }))).toEqual([true, false]);
  });

  it("keeps a large value by its digest, and still sees it change", () => {
    const [a, b] = [keepValue({ b: 1, a: [2] }), keepValue({ a: [2], b: 1 })];
    expect(isSameValue(a, b)).toBe(true);
    expect(isSameValue(a, keepValue({ a: [3], b: 1 }))).toBe(false);
    expect(JSON.stringify(keepValue("x".repeat(100_000))).length).toBeLessThan(100);
  });
});
