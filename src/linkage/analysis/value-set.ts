/** Sets of a property's values: intervals of exact numbers, and texts and booleans by name. Closed under intersection. */
import type { Comparison, ContractValue } from "#protocol";
import { compareDecimals, type DecimalNumber, parseDecimal } from "../decimal.ts";

/** `undefined` is no bound. */
interface Interval {
  readonly low: DecimalNumber | undefined;
  readonly lowOpen: boolean;
  readonly high: DecimalNumber | undefined;
  readonly highOpen: boolean;
}

/** Texts and booleans: those named, or all but those named. */
interface Names {
  readonly kind: "in" | "out";
  readonly names: ReadonlySet<string>;
}

export interface ValueSet {
  readonly numbers: readonly Interval[];
  readonly names: Names;
}

const LINE: Interval = { low: undefined, lowOpen: true, high: undefined, highOpen: true };
const NO_NAMES: Names = { kind: "in", names: new Set() };
/** Whatever a property can be. */
export const ANY_VALUE: ValueSet = { numbers: [LINE], names: { kind: "out", names: new Set() } };

export function isEmpty({ numbers, names }: ValueSet): boolean {
  return numbers.length === 0 && names.kind === "in" && names.names.size === 0;
}

function point(number: DecimalNumber): Interval {
  return { low: number, lowOpen: false, high: number, highOpen: false };
}

function isInterval({ low, lowOpen, high, highOpen }: Interval): boolean {
  if (low === undefined || high === undefined) return true;
  const order = compareDecimals(low, high);
  return order < 0 || (order === 0 && !lowOpen && !highOpen);
}

/** The set of one value. A text that reads as a decimal is a number too: devices report fractions either way. */
export function singleValue(value: ContractValue): ValueSet {
  if (typeof value === "object" || typeof value === "number") {
    const number = parseDecimal(typeof value === "number" ? String(value) : value.decimal);
    return { numbers: number === undefined ? [] : [point(number)], names: NO_NAMES };
  }
  const number = typeof value === "string" ? parseDecimal(value) : undefined;
  const names: Names = { kind: "in", names: new Set([nameOf(value)]) };
  return { numbers: number === undefined ? [] : [point(number)], names };
}

function nameOf(value: boolean | string): string {
  return `${typeof value}:${value}`;
}

/** All values for which a comparison holds. */
export function valuesOf(comparison: Comparison): ValueSet {
  if ("equals" in comparison) return singleValue(comparison.equals);
  const low = "above" in comparison ? parseDecimal(comparison.above) : undefined;
  const high = comparison.below === undefined ? undefined : parseDecimal(comparison.below);
  const interval: Interval = { low, lowOpen: true, high, highOpen: true };
  return { numbers: isInterval(interval) ? [interval] : [], names: NO_NAMES };
}

/** All values for which a comparison is known not to hold: what is no number is neither above nor below. */
export function valuesOfNot(comparison: Comparison): ValueSet {
  if (!("equals" in comparison)) {
    const [interval] = valuesOf(comparison).numbers;
    return { numbers: interval === undefined ? [LINE] : outside(interval), names: NO_NAMES };
  }
  const { equals } = comparison;
  if (typeof equals === "boolean" || typeof equals === "string")
    return { numbers: [LINE], names: { kind: "out", names: new Set([nameOf(equals)]) } };
  const [interval] = singleValue(equals).numbers;
  return { numbers: interval === undefined ? [LINE] : outside(interval), names: ANY_VALUE.names };
}

function outside({ low, lowOpen, high, highOpen }: Interval): Interval[] {
  const parts: Interval[] = [];
  if (low !== undefined) parts.push({ ...LINE, high: low, highOpen: !lowOpen });
  if (high !== undefined) parts.push({ ...LINE, low: high, lowOpen: !highOpen });
  return parts;
}

export function intersect(a: ValueSet, b: ValueSet): ValueSet {
  const numbers: Interval[] = [];
  for (const one of a.numbers)
    for (const other of b.numbers) {
      const both = { ...higher(one, other), ...lower(one, other) };
      if (isInterval(both)) numbers.push(both);
    }
  return { numbers, names: commonNames(a.names, b.names) };
}

function higher(a: Interval, b: Interval): Pick<Interval, "low" | "lowOpen"> {
  if (a.low === undefined) return { low: b.low, lowOpen: b.lowOpen };
  const order = b.low === undefined ? 1 : compareDecimals(a.low, b.low);
  if (order !== 0) return order > 0 ? { low: a.low, lowOpen: a.lowOpen } : { low: b.low, lowOpen: b.lowOpen };
  return { low: a.low, lowOpen: a.lowOpen || b.lowOpen };
}

function lower(a: Interval, b: Interval): Pick<Interval, "high" | "highOpen"> {
  if (a.high === undefined) return { high: b.high, highOpen: b.highOpen };
  const order = b.high === undefined ? -1 : compareDecimals(a.high, b.high);
  if (order !== 0) return order < 0 ? { high: a.high, highOpen: a.highOpen } : { high: b.high, highOpen: b.highOpen };
  return { high: a.high, highOpen: a.highOpen || b.highOpen };
}

function commonNames(a: Names, b: Names): Names {
  if (a.kind === "out" && b.kind === "out") return { kind: "out", names: new Set([...a.names, ...b.names]) };
  const [named, other] = a.kind === "in" ? [a, b] : [b, a];
  return {
    kind: "in",
    names: new Set([...named.names].filter((name) => other.names.has(name) === (other.kind === "in"))),
  };
}
