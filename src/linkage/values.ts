/** A property's value held against a contract's comparison. */
import { canonicalJson, encodeBase64Url, encodeUtf8, type Json } from "#base";
import { sha256 } from "#crypto";
import type { Comparison } from "#protocol";
import { compareDecimals, compareNumber, type DecimalNumber, parseDecimal } from "./decimal.ts";

/** `undefined`: the value cannot be compared, as `null` with a number. Nothing acts on that, not even under `not`. */
export type Verdict = boolean | undefined;

export type Comparator = (value: Json) => Verdict;

const PLAIN = /^-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?$/;

/** Order of a value and a decimal. Decimal strings count as numbers: that is how exact senders write fractions. */
function order(value: Json, decimal: DecimalNumber): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? compareNumber(value, decimal) : undefined;
  if (typeof value !== "string" || !PLAIN.test(value)) return undefined;
  return compareDecimals(parseDecimal(value) as DecimalNumber, decimal);
}

/**
 * Prepares a comparison: its decimals are parsed once, not with every event.
 *
 * @example
 * ```ts
 * const hot = compileComparison({ above: "25" });
 * hot(25.5); // true
 * hot(25); // false: `above` is exclusive
 * hot(null); // undefined
 * ```
 */
export function compileComparison(comparison: Comparison): Comparator {
  if ("equals" in comparison) {
    const { equals } = comparison;
    if (typeof equals === "boolean" || typeof equals === "string") return (value) => value === equals;
    const wanted = parseDecimal(typeof equals === "number" ? String(equals) : equals.decimal) as DecimalNumber;
    return (value) => order(value, wanted) === 0;
  }
  const above = "above" in comparison ? (parseDecimal(comparison.above) as DecimalNumber) : undefined;
  const below = comparison.below === undefined ? undefined : (parseDecimal(comparison.below) as DecimalNumber);
  return (value) => {
    const low = above === undefined ? 1 : order(value, above);
    const high = below === undefined ? -1 : order(value, below);
    return low === undefined || high === undefined ? undefined : low > 0 && high < 0;
  };
}

/** Longest text that is kept as it stands. */
const LONGEST = 256;

/** A value as it is kept: scalars as they are, anything large by its digest, so that a change still shows. */
export function keepValue(value: Json): Json {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string" && value.length <= LONGEST) return value;
  return { sha256: encodeBase64Url(sha256(encodeUtf8(canonicalJson(value)))) };
}

/** Whether two kept values are the same. */
export function isSameValue(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  return canonicalJson(a) === canonicalJson(b);
}
