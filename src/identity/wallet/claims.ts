/** Which parts of a credential are told when some of it is shown. */
import type { Json, JsonObject } from "#base";
import type { ClaimPath } from "../sd-jwt/claim-path.ts";

/** Whether a chosen path names this place, or something that the place is in; `null` stands for any element of an array. */
export function covers(chosen: ClaimPath, place: ClaimPath): boolean {
  return chosen.length <= place.length && chosen.every((step, i) => fits(step, place[i]));
}

function fits(wanted: string | number | null, step: string | number | null | undefined): boolean {
  return wanted === null ? typeof step === "number" : wanted === step;
}

/** The places of a value that have nothing below them. */
export function leavesOf(value: Json, at: ClaimPath = []): ClaimPath[] {
  if (typeof value !== "object" || value === null) return [at];
  const below = Array.isArray(value)
    ? value.flatMap((item: Json, i) => leavesOf(item, [...at, i]))
    : Object.entries(value as JsonObject).flatMap(([name, member]) => leavesOf(member, [...at, name]));
  return below.length === 0 ? [at] : below;
}

/** What a selection shows, and what it cannot show without more. */
export interface Exposure {
  /** All that is told: what nobody can keep back, and what comes with the chosen claims. */
  readonly shown: readonly ClaimPath[];
  /** Of it, what was not chosen and could have been kept back: it stands in one piece with a chosen claim. */
  readonly unwanted: readonly ClaimPath[];
}

/**
 * What becomes known where claims of an SD-JWT are shown. A disclosure is told whole: with it come the claims in it that have no disclosure of their own.
 *
 * @param hidden - places that have disclosures of their own
 */
export function exposureOf(claims: JsonObject, hidden: readonly ClaimPath[], chosen: readonly ClaimPath[]): Exposure {
  const told = hidden.filter((place) => chosen.some((path) => covers(path, place) || leadsTo(place, path)));
  const shown: ClaimPath[] = [];
  const unwanted: ClaimPath[] = [];
  for (const leaf of leavesOf(claims)) {
    const own = hidden.filter((place) => covers(place, leaf));
    if (!own.every((place) => told.includes(place))) continue;
    shown.push(leaf);
    if (own.length > 0 && !chosen.some((path) => covers(path, leaf))) unwanted.push(leaf);
  }
  return { shown, unwanted };
}

/** Whether a place is on the way to what a path names. */
function leadsTo(place: ClaimPath, path: ClaimPath): boolean {
  return place.length <= path.length && place.every((step, i) => fits(path[i] as string | number | null, step));
}

/** A place as people write it: `address.city`, `nationalities.0`. */
export function formatClaim(path: ClaimPath): string {
  return path.map((step) => (step === null ? "*" : String(step))).join(".");
}

/** `formatClaim` the other way round: digits alone are the index of an element, `*` all of them. */
export function parseClaim(text: string): ClaimPath {
  return text
    .split(".")
    .map((step) => (step === "*" ? null : /^(0|[1-9][0-9]{0,5})$/.test(step) ? Number(step) : step));
}

/** A place as JSON Pointer (RFC 6901). */
export function pointerOf(path: ClaimPath): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
