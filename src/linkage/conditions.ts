/** Conditions, prepared and evaluated in three values: what is not known is neither true nor false, and never lets anything happen. */
import { canonicalJson, type Json } from "#base";
import type { Comparison, Condition } from "#protocol";
import { type Comparator, compileComparison, type Verdict } from "./values.ts";

/** A comparison of one property, as a condition names it. */
export interface ConditionLeaf {
  readonly kind: "leaf";
  readonly device: string;
  readonly property: string;
  readonly is: Comparison;
  /** The comparison in canonical JSON: equal comparisons of several linkages are watched once. */
  readonly text: string;
  readonly holds: Comparator;
  /** How long it must have held, milliseconds. */
  readonly forMs: number;
}

export type ConditionNode =
  | ConditionLeaf
  | { readonly kind: "all" | "any"; readonly inner: readonly ConditionNode[] }
  | { readonly kind: "not"; readonly inner: ConditionNode };

/** What a leaf stands at. */
export interface Reading {
  /** Last value; absent where none is known. */
  readonly value?: Json;
  readonly verdict: Verdict;
  /** Since when the verdict stands, milliseconds since 1970. */
  readonly since: number;
}

/** A condition with what it saw: `met` is `null` where it could not be known. */
export type ConditionTrace =
  | {
      readonly device: string;
      readonly property: string;
      readonly is: Comparison;
      readonly for?: number;
      readonly value?: Json;
      readonly since?: number;
      readonly met: boolean | null;
    }
  | { readonly all: readonly ConditionTrace[]; readonly met: boolean | null }
  | { readonly any: readonly ConditionTrace[]; readonly met: boolean | null }
  | { readonly not: ConditionTrace; readonly met: boolean | null };

export function compileCondition(condition: Condition): ConditionNode {
  if ("all" in condition) return { kind: "all", inner: condition.all.map(compileCondition) };
  if ("any" in condition) return { kind: "any", inner: condition.any.map(compileCondition) };
  if ("not" in condition) return { kind: "not", inner: compileCondition(condition.not) };
  return {
    kind: "leaf",
    device: condition.device,
    property: condition.property,
    is: condition.is,
    text: canonicalJson(condition.is),
    holds: compileComparison(condition.is),
    forMs: (condition.for ?? 0) * 1000,
  };
}

/** All leaves, left to right. */
export function leavesOf(node: ConditionNode | undefined): ConditionLeaf[] {
  if (node === undefined) return [];
  if (node.kind === "leaf") return [node];
  if (node.kind === "not") return leavesOf(node.inner);
  return node.inner.flatMap(leavesOf);
}

/**
 * Evaluates by Kleene's logic at the time `at`, and says what it saw. A leaf with `for` is false until it has held for so long.
 *
 * @param read - what a leaf stands at
 */
export function evaluateCondition(
  node: ConditionNode,
  at: number,
  read: (leaf: ConditionLeaf) => Reading | undefined,
): ConditionTrace {
  switch (node.kind) {
    case "leaf": {
      const reading = read(node);
      const base = {
        device: node.device,
        property: node.property,
        is: node.is,
        ...(node.forMs === 0 ? {} : { for: node.forMs / 1000 }),
      };
      if (reading === undefined) return { ...base, met: null };
      const met = reading.verdict === true ? at - reading.since >= node.forMs : (reading.verdict ?? null);
      return { ...base, ...(reading.value === undefined ? {} : { value: reading.value }), since: reading.since, met };
    }
    case "not": {
      const inner = evaluateCondition(node.inner, at, read);
      return { not: inner, met: inner.met === null ? null : !inner.met };
    }
    case "all": {
      const all = node.inner.map((inner) => evaluateCondition(inner, at, read));
      const met = all.some((one) => one.met === false) ? false : all.every((one) => one.met === true) ? true : null;
      return { all, met };
    }
    case "any": {
      const any = node.inner.map((inner) => evaluateCondition(inner, at, read));
      const met = any.some((one) => one.met === true) ? true : any.every((one) => one.met === false) ? false : null;
      return { any, met };
    }
  }
}
