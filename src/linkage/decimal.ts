/**
 * Exact decimals. A contract says "21.3" and a device reports the JSON number 21.3: both mean the decimal, not the binary fraction
 * next to it, so a number is taken as the shortest text that stands for it, which is what its sender wrote or would write.
 */

export interface DecimalNumber {
  /** Value times ten to the power of `scale`. */
  readonly digits: bigint;
  /** Digits behind the point; never negative. */
  readonly scale: number;
  /** The nearest double: decides a comparison unless two are equal. */
  readonly near: number;
}

const SHAPE = /^(-?)(\d{1,400})(?:\.(\d{1,400}))?(?:[eE]([+-]?\d{1,3}))?$/;

/** The decimal that a text stands for, exponents included; `undefined` where it is none. */
export function parseDecimal(text: string): DecimalNumber | undefined {
  const parts = SHAPE.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = parts;
  let scale = fraction.length - Number(exponent);
  let digits = BigInt(whole + fraction);
  if (scale < 0) {
    digits *= 10n ** BigInt(-scale);
    scale = 0;
  }
  if (sign === "-") digits = -digits;
  return { digits, scale, near: Number(text) };
}

/** The decimal that a JSON number's shortest text stands for; `undefined` for NaN and infinities. */
export function decimalOfNumber(value: number): DecimalNumber | undefined {
  return Number.isFinite(value) ? parseDecimal(String(value)) : undefined;
}

/** Negative, 0 or positive, exactly. */
export function compareDecimals(a: DecimalNumber, b: DecimalNumber): number {
  // Rounding keeps order: where the nearest doubles differ, the decimals differ the same way.
  if (a.near !== b.near) return a.near < b.near ? -1 : 1;
  const scale = Math.max(a.scale, b.scale);
  const left = a.digits * 10n ** BigInt(scale - a.scale);
  const right = b.digits * 10n ** BigInt(scale - b.scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * Compares a JSON number with a decimal, exactly; most pairs need no arithmetic at all.
 *
 * @example
 * ```ts
 * compareNumber(0.1 + 0.2, parseDecimal("0.3")); // 1: the sum is 0.30000000000000004
 * compareNumber(0.3, parseDecimal("0.3")); // 0
 * ```
 */
export function compareNumber(value: number, decimal: DecimalNumber): number {
  if (value !== decimal.near) return value < decimal.near ? -1 : 1;
  return compareDecimals(decimalOfNumber(value) as DecimalNumber, decimal);
}
