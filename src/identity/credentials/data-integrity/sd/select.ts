import type { Json, JsonObject } from "#base";
import { credentialError } from "../../errors.ts";

/** Pointers of one document, and the characters of one. */
const LIMITS = { pointers: 512, characters: 1024 };

/** What is selected of a value: all of it, or parts. */
interface Selection {
  readonly source: Json;
  whole: boolean;
  readonly parts: Map<string, Selection>;
}

const refuse = (pointer: string, message: string) =>
  credentialError("credentials.document", message, { problem: "pointer", path: pointer.slice(0, 200) });

/** @throws HansaError `credentials.document` where there are too many pointers, or one is none (RFC 6901) */
export function checkPointers(pointers: readonly string[]): void {
  if (pointers.length > LIMITS.pointers) throw refuse("", `there are more than ${LIMITS.pointers} pointers`);
  for (const pointer of pointers)
    if (
      typeof pointer !== "string" ||
      pointer.length > LIMITS.characters ||
      !/^(?:\/(?:[^~/]|~[01])*)*$/u.test(pointer)
    )
      throw refuse(String(pointer), "a JSON pointer is none");
}

/**
 * The document with what the pointers name and nothing else, but for the names and types of the nodes on the way (VC-DI-ECDSA §3.4.13,
 * `selectJsonLd`). Arrays close up.
 *
 * @returns `undefined` where there is no pointer
 * @throws HansaError `credentials.document` where a pointer leads nowhere
 */
export function selectDocument(document: JsonObject, pointers: readonly string[]): JsonObject | undefined {
  if (pointers.length === 0) return undefined;
  const root = createSelection(document);
  for (const pointer of pointers) selectPointer(root, pointer);
  return { "@context": document["@context"] as Json, ...(renderSelection(root) as JsonObject) };
}

const createSelection = (source: Json): Selection => ({ source, whole: false, parts: new Map() });

function selectPointer(root: Selection, pointer: string): void {
  let at = root;
  for (const step of pointer.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    let next = at.parts.get(name);
    if (next === undefined) {
      next = createSelection(readMember(at.source, name, pointer));
      at.parts.set(name, next);
    }
    at = next;
  }
  at.whole = true;
}

function readMember(source: Json, name: string, pointer: string): Json {
  const value =
    Array.isArray(source) && /^(?:0|[1-9][0-9]{0,8})$/.test(name)
      ? (source as readonly Json[])[Number(name)]
      : typeof source === "object" && source !== null && !Array.isArray(source) && Object.hasOwn(source, name)
        ? (source as JsonObject)[name]
        : undefined;
  if (value === undefined)
    throw refuse(pointer, "a JSON pointer leads nowhere; of what is there once, the array is left out");
  return value;
}

function renderSelection({ source, whole, parts }: Selection): Json {
  if (whole) return source;
  if (Array.isArray(source))
    return [...parts].sort(([a], [b]) => Number(a) - Number(b)).map(([, part]) => renderSelection(part));
  const members = source as JsonObject;
  const selected: Record<string, Json> = {};
  for (const name of ["id", "@id", "type", "@type"]) {
    const value = members[name];
    const blank = name.endsWith("id") && typeof value === "string" && value.startsWith("_:");
    if (value !== undefined && !blank) selected[name] = value;
  }
  // Members are defined, not assigned: a pointer may name `__proto__`.
  for (const [name, part] of parts)
    Object.defineProperty(selected, name, {
      value: renderSelection(part),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  return selected;
}
