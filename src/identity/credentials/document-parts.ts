import { isWellFormed, type Json, type JsonObject } from "#base";
import { credentialError } from "./errors.ts";

/** Limits of one document, credential or presentation. */
export const DOCUMENT_LIMITS = {
  depth: 32,
  /** Values, however deep. */
  values: 50_000,
  /** Characters of all texts and names: a status list of a million entries has a few hundred thousand. */
  characters: 8 * 1024 * 1024,
  contexts: 32,
  types: 32,
  subjects: 1000,
  /** Entries of any other list that the data model gives a meaning. */
  entries: 100,
  credentials: 100,
} as const;

/** What is wrong, and where. */
export function refuseDocument(path: string, problem: string) {
  return credentialError("credentials.document", `${path === "" ? "the document" : path.slice(0, 100)} ${problem}`, {
    path: path.slice(0, 200),
    problem,
  });
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Checks that a value is JSON within the limits: what follows recurses, and trusts in that.
 *
 * @throws HansaError `credentials.document`
 */
export function measure(value: unknown): void {
  const left = { values: DOCUMENT_LIMITS.values, characters: DOCUMENT_LIMITS.characters };
  measureIn(value, left, 0);
}

function measureIn(value: unknown, left: { values: number; characters: number }, depth: number): void {
  if (--left.values < 0) throw refuseDocument("", "has too many values");
  switch (typeof value) {
    case "string":
      measureText(value, left);
      return;
    case "boolean":
      return;
    case "number":
      if (!Number.isFinite(value)) throw refuseDocument("", "holds a number that JSON does not have");
      return;
    case "object": {
      if (value === null) return;
      if (depth >= DOCUMENT_LIMITS.depth) throw refuseDocument("", `is nested deeper than ${DOCUMENT_LIMITS.depth}`);
      if (Array.isArray(value)) {
        for (const item of value) measureIn(item, left, depth + 1);
        return;
      }
      const prototype = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) throw refuseDocument("", "is not plain JSON");
      for (const name of Object.keys(value)) {
        measureText(name, left);
        measureIn((value as Record<string, unknown>)[name], left, depth + 1);
      }
      return;
    }
    default:
      throw refuseDocument("", "is not plain JSON");
  }
}

/** Half a surrogate pair has no UTF-8: hashed, it would be the same as others. */
function measureText(text: string, left: { characters: number }): void {
  left.characters -= text.length;
  if (left.characters < 0) throw refuseDocument("", "is too large");
  if (!isWellFormed(text)) throw refuseDocument("", "holds an unpaired surrogate");
}

/** RFC 3986 by its characters, any that RFC 3987 adds let in: a scheme, and something behind it. */
const URL_TEXT = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$/;
const WEB_URL = /^https?:\/\/[^/?#]/i;

export function isUrl(value: unknown): value is string {
  if (typeof value !== "string" || !URL_TEXT.test(value)) return false;
  return !/^https?:/i.test(value) || WEB_URL.test(value);
}

/** One value, or several in a list. */
export function entriesOf(value: Json, path: string, limit: number = DOCUMENT_LIMITS.entries): readonly Json[] {
  if (!Array.isArray(value)) return [value as Json];
  if (value.length === 0) throw refuseDocument(path, "is an empty list");
  if (value.length > limit) throw refuseDocument(path, `has more than ${limit} entries`);
  return value as readonly Json[];
}

export function requireUrl(value: Json | undefined, path: string): string {
  if (!isUrl(value)) throw refuseDocument(path, "is not a single URL");
  return value;
}

/** `id` where there is one (Data Model 2.0 §4.4: a single URL). */
export function optionalId(holder: JsonObject, path: string): string | undefined {
  return "id" in holder ? requireUrl(holder["id"], `${path}/id`) : undefined;
}

/** Data Model 2.0 §4.5: one or more terms or URLs; whether a context knows a term is seen with the terms. */
export function requireTypes(value: Json | undefined, path: string): readonly string[] {
  if (value === undefined) throw refuseDocument(path, "is missing");
  const types = entriesOf(value, path, DOCUMENT_LIMITS.types);
  for (const type of types)
    if (typeof type !== "string" || type === "") throw refuseDocument(path, "holds what is neither a term nor a URL");
  return types as readonly string[];
}

/** A URL, or an object whose `id` is one: an issuer, a holder. */
export function requireParty(value: Json | undefined, path: string): string {
  if (isObject(value)) return requireUrl(value["id"], `${path}/id`);
  return requireUrl(value, path);
}
