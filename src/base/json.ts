/**
 * JSON as it crosses a trust boundary. `JSON.parse` alone is too forgiving: of duplicate keys it keeps the last, which lets
 * two readers of one signed text see two meanings. `parseJson` refuses those, and what would not survive RFC 8785.
 */

import { decodeUtf8 } from "./bytes.ts";
import { type ErrorTable, HansaError } from "./error.ts";

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  readonly [member: string]: Json;
}

/** What can be wrong with a JSON text. */
export const JSON_ERRORS = {
  "json.utf8": { status: 400, meaning: "The bytes are not valid UTF-8.", advice: "Encode the text as UTF-8." },
  "json.syntax": { status: 400, meaning: "The text is not JSON.", advice: "Check it with a JSON parser." },
  "json.depth": { status: 400, meaning: "Objects and arrays are nested too deep.", advice: "Flatten the value." },
  "json.duplicate-key": {
    status: 400,
    meaning: "An object names one key twice.",
    advice: "Keep one of the two: readers would disagree on which one counts.",
  },
  "json.forbidden-key": {
    status: 400,
    meaning: "An object has a key such as `__proto__` that could change how programs behave.",
    advice: "Rename the key.",
  },
  "json.number": {
    status: 400,
    meaning: "A number is not an integer between -(2^53-1) and 2^53-1.",
    advice: "Write fractions and large numbers as decimal strings.",
  },
  "json.unpaired-surrogate": {
    status: 400,
    meaning: "A string holds half of a surrogate pair.",
    advice: "Send well-formed Unicode.",
  },
} as const satisfies ErrorTable;

export type JsonErrorCode = keyof typeof JSON_ERRORS;

function refuse(code: JsonErrorCode, message: string, payload: object = {}): HansaError<JsonErrorCode> {
  return new HansaError(code, message, payload, { advice: JSON_ERRORS[code].advice });
}

export interface JsonLimits {
  /** Deepest nesting of objects and arrays; a scalar has depth 0. */
  readonly depth: number;
  /** Whether numbers must be safe integers, and written as such. Ledger state has no floats. */
  readonly integers: boolean;
}

const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Parses a JSON text strictly.
 *
 * @param input - text, or its UTF-8 bytes
 * @throws HansaError with a code of `JSON_ERRORS`
 * @example
 * ```ts
 * parseJson('{"a":1}', { depth: 8, integers: true }); // { a: 1 }
 * parseJson('{"a":1,"a":2}', { depth: 8, integers: true }); // throws json.duplicate-key
 * ```
 */
export function parseJson(input: string | Uint8Array, limits: JsonLimits): Json {
  const text = typeof input === "string" ? input : decodeUtf8(input);
  if (text === undefined) throw refuse("json.utf8", "the bytes are not valid UTF-8");
  // Depth first, on the text: JSON.parse recurses, so a deep text must never reach it.
  const { members, fraction } = scan(text, limits.depth);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    // V8 quotes the input in its message; the input may hold something private, so the message stays ours.
    void cause;
    throw refuse("json.syntax", "the text is not valid JSON");
  }
  // 9007199254740991.4 would be rounded to an integer, so the spelling counts and not only the value.
  if (limits.integers && fraction)
    throw refuse("json.number", "a number is written with a point or an exponent", { integers: true });
  // JSON.parse folds duplicates into one member: fewer members than the text has means that one was doubled.
  if (countMembers(value, limits) !== members) throw refuse("json.duplicate-key", "an object names one key twice");
  return value;
}

/**
 * Counts the members (`:` outside strings), notes whether a number has a point or an exponent, and checks the depth, without
 * parsing. What it says of a text that is not JSON does not matter.
 */
function scan(text: string, maxDepth: number): { members: number; fraction: boolean } {
  let members = 0;
  let fraction = false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        // A string: on to its closing quote, which is one not preceded by an odd run of backslashes.
        for (;;) {
          i = text.indexOf('"', i + 1);
          if (i < 0) throw refuse("json.syntax", "a string does not end");
          let slashes = 0;
          while (text.charCodeAt(i - 1 - slashes) === 0x5c) slashes++;
          if (slashes % 2 === 0) break;
        }
        break;
      }
      case 0x3a:
        members++;
        break;
      case 0x2e:
        fraction = true;
        break;
      case 0x45:
      case 0x65: {
        // An exponent stands behind a digit; the letters of `true` and `false` do not.
        const before = text.charCodeAt(i - 1);
        if (before >= 0x30 && before <= 0x39) fraction = true;
        break;
      }
      case 0x7b:
      case 0x5b:
        if (++depth > maxDepth) throw refuse("json.depth", `nested deeper than ${maxDepth}`, { limit: maxDepth });
        break;
      case 0x7d:
      case 0x5d:
        depth--;
        break;
    }
  }
  return { members, fraction };
}

function countMembers(value: Json, limits: JsonLimits): number {
  if (typeof value === "string") {
    if (!isWellFormed(value)) throw refuse("json.unpaired-surrogate", "a string holds an unpaired surrogate");
    return 0;
  }
  if (typeof value === "number") {
    if (limits.integers ? !Number.isSafeInteger(value) || Object.is(value, -0) : !Number.isFinite(value))
      throw refuse("json.number", "a number is outside of what is allowed here", { integers: limits.integers });
    return 0;
  }
  if (typeof value !== "object" || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) members += countMembers(item, limits);
    return members;
  }
  for (const key of Object.keys(value)) {
    if (FORBIDDEN.has(key)) throw refuse("json.forbidden-key", `the key ${key} is not allowed`, { key });
    if (!isWellFormed(key)) throw refuse("json.unpaired-surrogate", "a key holds an unpaired surrogate");
    members += 1 + countMembers((value as Record<string, Json>)[key] as Json, limits);
  }
  return members;
}

/** Whether a text has no unpaired surrogate (`String.prototype.isWellFormed` is not in es2023's types). */
export function isWellFormed(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0xd800 || code > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (code > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    i++;
  }
  return true;
}

/**
 * RFC 8785 (JCS): one text for one value. Keys in UTF-16 order, numbers as ECMAScript prints them, members that are
 * `undefined` left out.
 *
 * @throws HansaError `json.number`, `json.unpaired-surrogate`
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "boolean":
      return value ? "true" : "false";
    case "number":
      if (!Number.isFinite(value)) throw refuse("json.number", "NaN and infinity have no JSON form");
      return JSON.stringify(value);
    case "object":
      return value === null ? "null" : Array.isArray(value) ? canonicalArray(value) : canonicalObject(value);
    default:
      throw refuse("json.syntax", `a ${typeof value} has no JSON form`);
  }
}

function canonicalArray(items: readonly unknown[]): string {
  let text = "[";
  for (let i = 0; i < items.length; i++) text += (i === 0 ? "" : ",") + canonicalJson(items[i]);
  return `${text}]`;
}

function canonicalObject(object: object): string {
  const members = object as Readonly<Record<string, unknown>>;
  const keys = sort(Object.keys(members));
  let text = "{";
  for (const key of keys) {
    const member = members[key];
    if (member === undefined) continue;
    text += `${(text.length === 1 ? "" : ",") + quote(key)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
}

/** Sorts by UTF-16 units. Most objects have few keys, and many have them in order: no memory is taken for these. */
function sort(keys: string[]): string[] {
  if (keys.length > 16) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string;
    let at = i;
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}

/** Printable ASCII but for the quote and the backslash: most strings, which need no look at each character. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!isWellFormed(text)) throw refuse("json.unpaired-surrogate", "a string holds an unpaired surrogate");
  return JSON.stringify(text);
}
