import type { Json, JsonObject } from "#base";

/**
 * Names a claim: members by name, elements of an array by index from 0, `null` for all elements (SD-JWT VC's and DCQL's claims path pointer).
 *
 * @example
 * ```ts
 * const paths: ClaimPath[] = [["address", "street_address"], ["nationalities", null]];
 * ```
 */
export type ClaimPath = readonly (string | number | null)[];

/** Whether the shorter of two paths is the longer's beginning; `null` in the pattern stands for any element. */
export function runTogether(pattern: ClaimPath, path: ClaimPath): boolean {
  const length = Math.min(pattern.length, path.length);
  for (let i = 0; i < length; i++) {
    const wanted = pattern[i];
    if (wanted === null ? typeof path[i] !== "number" : wanted !== path[i]) return false;
  }
  return true;
}

/** Whether a path names something; one that is empty names nothing. */
export function leadsSomewhere(value: Json | undefined, path: ClaimPath): boolean {
  return path.length > 0 && hasPart(value, path, 0);
}

function hasPart(value: Json | undefined, path: ClaimPath, at: number): boolean {
  if (value === undefined) return false;
  if (at === path.length) return true;
  const step = path[at] as string | number | null;
  if (Array.isArray(value)) {
    if (step === null) return value.some((item) => hasPart(item, path, at + 1));
    return typeof step === "number" && hasPart(value[step], path, at + 1);
  }
  if (typeof value !== "object" || value === null || typeof step !== "string" || !Object.hasOwn(value, step))
    return false;
  return hasPart((value as JsonObject)[step], path, at + 1);
}
