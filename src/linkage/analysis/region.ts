/**
 * When a linkage can fire, as a union of boxes: each gives some properties a set of values. A region is never too small: what `for` adds
 * is left out, and what would need too many boxes is taken for everything. So «empty» and «apart» are certain, «overlap» is possible.
 */
import type { Condition, Contract } from "#protocol";
import { ANY_VALUE, intersect, isEmpty, type ValueSet, valuesOf, valuesOfNot } from "./value-set.ts";

/** Values by `<device> <property>`; what is not named may be anything. */
export type Box = ReadonlyMap<string, ValueSet>;

export interface Region {
  readonly boxes: readonly Box[];
  /** False: there were more boxes than are looked at, so the region is taken for everything that the trigger allows. */
  readonly exact: boolean;
}

export const MOST_BOXES = 128;

export function placeOf(device: string, property: string): string {
  return `${device} ${property}`;
}

/** The box in which both hold; `undefined` where there is none. */
export function meetBoxes(a: Box, b: Box): Box | undefined {
  const both = new Map(a);
  for (const [place, values] of b) {
    const met = intersect(both.get(place) ?? ANY_VALUE, values);
    if (isEmpty(met)) return undefined;
    both.set(place, met);
  }
  return both;
}

const EVERYTHING: Box = new Map();

/** Boxes of a condition or of its negation; `undefined` where they are too many. */
function boxesOf(condition: Condition, negated: boolean): Box[] | undefined {
  if ("not" in condition) return boxesOf(condition.not, !negated);
  if ("all" in condition || "any" in condition) {
    const parts = "all" in condition ? condition.all : condition.any;
    const inner = parts.map((part) => boxesOf(part, negated));
    // De Morgan: the negation of `all` is `any` of the negations.
    return "all" in condition !== negated ? meetAll(inner) : joinAll(inner);
  }
  const { device, property, is } = condition;
  // A comparison that holds, but not for long enough yet, satisfies the negation as well.
  const values = !negated ? valuesOf(is) : condition.for === undefined ? valuesOfNot(is) : ANY_VALUE;
  return isEmpty(values) ? [] : [new Map([[placeOf(device, property), values]])];
}

function joinAll(parts: readonly (Box[] | undefined)[]): Box[] | undefined {
  const boxes: Box[] = [];
  for (const part of parts) {
    if (part === undefined || boxes.length + part.length > MOST_BOXES) return undefined;
    boxes.push(...part);
  }
  return boxes;
}

function meetAll(parts: readonly (Box[] | undefined)[]): Box[] | undefined {
  let boxes: Box[] = [EVERYTHING];
  for (const part of parts) {
    if (part === undefined) return undefined;
    const met: Box[] = [];
    for (const one of boxes)
      for (const other of part) {
        const both = meetBoxes(one, other);
        if (both !== undefined) met.push(both);
        if (met.length > MOST_BOXES) return undefined;
      }
    boxes = met;
  }
  return boxes;
}

/** Where trigger and condition hold at once. */
export function regionOf({ trigger, condition }: Pick<Contract, "trigger" | "condition">): Region {
  const fired: Box[] = [];
  if ("event" in trigger) fired.push(EVERYTHING);
  else {
    const values = "when" in trigger ? valuesOf(trigger.when) : ANY_VALUE;
    if (!isEmpty(values)) fired.push(new Map([[placeOf(trigger.device, trigger.property), values]]));
  }
  if (condition === undefined) return { boxes: fired, exact: true };
  const boxes = boxesOf(condition, false);
  const met = boxes === undefined ? undefined : meetAll([fired, boxes]);
  return met === undefined ? { boxes: fired, exact: false } : { boxes: met, exact: true };
}

/** Whether two regions may have a point in common. */
export function mayMeet(a: Region, b: Region): boolean {
  return a.boxes.some((one) => b.boxes.some((other) => meetBoxes(one, other) !== undefined));
}
