import type { Json } from "#base";
import { credentialError } from "../../errors.ts";

/** What a document may have that is read as RDF. A graph is cheap to write and dear to canonicalise: these come before any work. */
export const RDF_LIMITS = {
  /** Objects and arrays within each other. */
  depth: 48,
  /** Values, arrays and objects included. */
  values: 16_384,
  /** Nodes without a name; labels are found for them by comparing each with its neighbours. */
  blankNodes: 1024,
  /** Contexts of nodes within the document: each is processed anew, and a short name can stand for a long one. */
  contexts: 128,
} as const;

export function refuseSize(what: keyof typeof RDF_LIMITS) {
  return credentialError("credentials.document", `the document exceeds the limit of ${RDF_LIMITS[what]} ${what}`, {
    problem: `too many ${what}`,
    limit: RDF_LIMITS[what],
  });
}

/**
 * Whether RDF keeps a number apart from others. `1e-7` it does not: jsonld takes what it prints without a point for an integer and makes
 * "0" of it, so that another number could be put in its place under the same signature.
 */
export function isExpressible(value: number): boolean {
  return Number.isInteger(value) || String(value).includes(".");
}

/** @throws HansaError `credentials.document` where a document has more values, or deeper ones, than may be, or numbers that RDF confuses */
export function checkValues(document: Json): void {
  let values = 0;
  let contexts = 0;
  const count = (value: Json, depth: number): void => {
    if (++values > RDF_LIMITS.values) throw refuseSize("values");
    if (typeof value === "number" && !isExpressible(value))
      throw credentialError("credentials.document", "a number is too small to be written in RDF: use text", {
        problem: "number",
      });
    if (typeof value !== "object" || value === null) return;
    if (depth >= RDF_LIMITS.depth) throw refuseSize("depth");
    if (Object.hasOwn(value, "@context") && depth > 0 && ++contexts > RDF_LIMITS.contexts) throw refuseSize("contexts");
    for (const member of Array.isArray(value) ? value : Object.values(value)) count(member, depth + 1);
  };
  count(document, 0);
}
