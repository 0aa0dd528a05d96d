import type { Json, JsonObject } from "#base";
import { type ClaimPath, leadsSomewhere } from "./claim-path.ts";
import { type Disclosure, isClaimName, makeDecoy, makeDisclosure, refuseDisclosure } from "./disclosure.ts";
import { drawBelow } from "./draw-below.ts";

/** What is to be hidden in one place. */
interface Plan {
  hidden: boolean;
  readonly parts: Map<string | number, Plan>;
}

/** The deepest nesting of claims, and the most of what is hidden: what a verifier takes. */
const LIMITS = { depth: 24, disclosures: 1024, decoys: 64 };

/**
 * Replaces the claims that the paths name by digests (RFC 9901 §4.2); of two paths, one in the other, both are hidden, so that the
 * inner one can be kept back when the outer one is shown.
 *
 * @param decoys - digests of nothing, added in each place that hides something
 * @throws HansaError `credentials.disclosure`
 */
export function concealClaims(
  claims: JsonObject,
  paths: readonly ClaimPath[],
  decoys: number,
): { payload: JsonObject; disclosures: readonly Disclosure[] } {
  if (!Number.isInteger(decoys) || decoys < 0 || decoys > LIMITS.decoys)
    throw refuseDisclosure(`there are at most ${LIMITS.decoys} decoys in one place`);
  requirePlain(claims, 0);
  const root: Plan = { hidden: false, parts: new Map() };
  for (const path of paths) {
    if (!leadsSomewhere(claims, path)) throw refuseDisclosure(`${JSON.stringify(path).slice(0, 200)} names no claim`);
    addToPlan(root, claims, path);
  }
  const disclosures: Disclosure[] = [];
  const payload = concealObject(claims, root, decoys, disclosures);
  if (disclosures.length > LIMITS.disclosures)
    throw refuseDisclosure(`at most ${LIMITS.disclosures} claims can be hidden`);
  // Which hash the digests are of (RFC 9901 §4.1.1).
  return { payload: paths.length === 0 && decoys === 0 ? payload : { ...payload, _sd_alg: "sha-256" }, disclosures };
}

/** A claim that looks like a digest would be read as one, and so could be filled in by whoever presents. */
function requirePlain(value: Json, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth >= LIMITS.depth) throw refuseDisclosure(`claims are nested deeper than ${LIMITS.depth}`);
  if (Array.isArray(value)) {
    for (const item of value) requirePlain(item, depth + 1);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    if (!isClaimName(name) || (depth === 0 && name === "_sd_alg"))
      throw refuseDisclosure(`no claim may be named ${name}`);
    requirePlain(member as Json, depth + 1);
  }
}

function addToPlan(root: Plan, claims: JsonObject, path: ClaimPath): void {
  let places: { plan: Plan; value: Json }[] = [{ plan: root, value: claims }];
  for (const step of path) {
    places = places.flatMap(({ plan, value }) => {
      const keys = step !== null ? [step] : Array.isArray(value) ? [...value.keys()] : [];
      return keys.flatMap((key) => {
        const part = typeof value === "object" && value !== null ? (value as JsonObject)[key as string] : undefined;
        if (part === undefined) return [];
        const known = plan.parts.get(key) ?? { hidden: false, parts: new Map() };
        plan.parts.set(key, known);
        return [{ plan: known, value: part }];
      });
    });
  }
  for (const { plan } of places) plan.hidden = true;
}

function conceal(value: Json, plan: Plan | undefined, decoys: number, made: Disclosure[]): Json {
  if (plan === undefined || typeof value !== "object" || value === null) return value;
  return Array.isArray(value)
    ? concealArray(value, plan, decoys, made)
    : concealObject(value as JsonObject, plan, decoys, made);
}

function concealObject(object: JsonObject, plan: Plan, decoys: number, made: Disclosure[]): JsonObject {
  const shown: Record<string, Json> = {};
  const digests: string[] = [];
  for (const [name, value] of Object.entries(object)) {
    const part = plan.parts.get(name);
    const inner = conceal(value, part, decoys, made);
    if (part?.hidden === true) {
      const disclosure = makeDisclosure(name, inner);
      made.push(disclosure);
      digests.push(disclosure.digest);
    } else shown[name] = inner;
  }
  if (digests.length > 0) {
    for (let i = 0; i < decoys; i++) digests.push(makeDecoy());
    // Sorted, the digests tell nothing of the claims' order, nor which are decoys (RFC 9901 §4.2.4.1).
    shown["_sd"] = digests.sort();
  }
  return shown;
}

function concealArray(array: readonly Json[], plan: Plan, decoys: number, made: Disclosure[]): Json[] {
  const shown: Json[] = [];
  let hidden = false;
  for (const [i, item] of array.entries()) {
    const part = plan.parts.get(i);
    const inner = conceal(item, part, decoys, made);
    if (part?.hidden === true) {
      const disclosure = makeDisclosure(undefined, inner);
      made.push(disclosure);
      shown.push({ "...": disclosure.digest });
      hidden = true;
    } else shown.push(inner);
  }
  // Anywhere, for the order of elements has to stay: at the end, all would know them for decoys.
  if (hidden) for (let i = 0; i < decoys; i++) shown.splice(drawBelow(shown.length + 1), 0, { "...": makeDecoy() });
  return shown;
}
