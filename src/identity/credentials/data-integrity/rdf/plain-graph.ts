import type { Json, JsonObject } from "#base";
import { isMisnamed } from "../../terms/compact-form.ts";
import { isExpressible, RDF_LIMITS, refuseSize } from "./limits.ts";
import { isPlainIri, type PlainContext, type PlainTerm } from "./plain-context.ts";

/** A term of N-Quads as text, or the number of a blank node. */
export type Term = string | number;

/** One statement of the default graph. */
export interface Triple {
  readonly subject: Term;
  /** `<iri>` */
  readonly predicate: string;
  readonly object: Term;
}

/** The document needs what only jsonld does. */
export class NotPlain extends Error {}

/** A scoped context has to be processed first; then the document is read again. */
export class Unlearned extends Error {
  readonly learn: () => readonly [PlainContext, "types" | "words", string, unknown];

  constructor(context: PlainContext, what: "types" | "words", name: string, scope: unknown) {
    super();
    this.learn = () => [context, what, name, scope];
  }
}

const NOT_PLAIN = new NotPlain();
const RDF_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>";
const XSD = "^^<http://www.w3.org/2001/XMLSchema#";

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that canonical N-Quads escape.
const ESCAPED = /[\u0000-\u001f\u007f"\\]/g;
const SHORT: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  '"': '\\"',
  "\\": "\\\\",
};

const escapeCharacter = (character: string): string =>
  SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Text in canonical N-Quads (RDF-CANON §A). */
const quote = (text: string): string => `"${text.replace(ESCAPED, escapeCharacter)}"`;

/**
 * Reads a document into triples by the rules of JSON-LD expansion (JSON-LD 1.1 API §5.1.2) that plain documents need, and gives up with
 * `NotPlain` on everything else: jsonld then reads, or refuses, it. Each giving up is on the safe side, so what matters is that what is
 * read here is read as jsonld does; `plain-graph.test.ts` holds the two against each other.
 */
export class PlainReader {
  readonly triples: Triple[] = [];
  blankNodes = 0;
  readonly #named = new Set<string>();
  #values = 0;

  /** @throws NotPlain, Unlearned; HansaError `credentials.document` where the document exceeds a limit */
  readDocument(document: JsonObject, context: PlainContext): void {
    this.#readNode(document, context, 1, true);
  }

  #readNode(node: JsonObject, base: PlainContext, depth: number, top: boolean): Term {
    if (depth > RDF_LIMITS.depth) throw refuseSize("depth");
    const keys = Object.keys(node);
    const typeKey = findType(keys, base, top);
    const types = typeKey === undefined ? [] : readTypes(node[typeKey] as Json);
    // A document that says nothing of its node but the name is dropped by jsonld.
    if (top && typeKey === undefined) throw NOT_PLAIN;
    const context = enterTypes(types, base);
    // A type's context could make something else of the key that named the type.
    if (typeKey !== undefined && context.terms.get(typeKey)?.kind !== "type") throw NOT_PLAIN;
    const idKey = keys.find((key) => context.terms.get(key)?.kind === "id");
    const subject: Term = idKey === undefined ? this.#nameBlank() : this.#name(node[idKey] as Json, context);
    for (const type of types) {
      this.#count();
      this.triples.push({ subject, predicate: RDF_TYPE, object: readType(type, base) });
    }
    for (const key of keys) {
      if (key === idKey || key === typeKey || (top && key === "@context")) continue;
      this.#readProperty(subject, key, node[key] as Json, context, depth);
    }
    return subject;
  }

  #readProperty(subject: Term, key: string, value: Json, context: PlainContext, depth: number): void {
    const term = context.terms.get(key) ?? vocabularyTerm(key, context);
    if (term.kind !== "property") throw NOT_PLAIN;
    for (const item of Array.isArray(value) ? value : [value]) {
      this.#count();
      const object = this.#readValue(key, item, term, context, depth);
      this.triples.push({ subject, predicate: term.predicate, object });
    }
  }

  #readValue(
    key: string,
    value: Json,
    term: Extract<PlainTerm, { kind: "property" }>,
    context: PlainContext,
    depth: number,
  ): Term {
    if (typeof value === "object") {
      // Null drops the property, arrays in arrays are flattened, a property's context changes the node: left to jsonld.
      if (value === null || Array.isArray(value) || term.words !== undefined) throw NOT_PLAIN;
      return this.#readObject(value as JsonObject, context, depth + 1);
    }
    if (term.words !== undefined && term.values !== "word") throw NOT_PLAIN;
    if (term.values === "plain") return readScalar(value);
    if (typeof value !== "string") throw NOT_PLAIN;
    if (term.values === "iri") return readIri(value, context);
    if (term.values !== "word") return quote(value) + term.values.datatype;
    return readWord(key, value, term.words, context);
  }

  #readObject(node: JsonObject, context: PlainContext, depth: number): Term {
    const keys = Object.keys(node);
    if (keys.length <= 2)
      for (const key of keys) {
        const kind = context.terms.get(key)?.kind;
        // Only a reference: the context of the outer node's types still holds in it (§5.1.2, 7).
        if (kind === "id" && keys.length === 1) return readIri(node[key] as Json, context);
        if (kind === "other") throw NOT_PLAIN;
      }
    return this.#readNode(node, context.outer, depth, false);
  }

  #name(value: Json, context: PlainContext): string {
    const iri = readIri(value, context);
    // Which of a node's places a reader of JSON looks at, the compacted form says.
    if (this.#named.has(iri)) throw NOT_PLAIN;
    this.#named.add(iri);
    return iri;
  }

  #nameBlank(): number {
    if (this.blankNodes >= RDF_LIMITS.blankNodes) throw refuseSize("blankNodes");
    return this.blankNodes++;
  }

  #count(): void {
    if (++this.#values > RDF_LIMITS.values) throw refuseSize("values");
  }
}

/** The one key that gives a node's types; keywords by their own names, and nodes with two such keys, are left to jsonld. */
function findType(keys: readonly string[], base: PlainContext, top: boolean): string | undefined {
  let found: string | undefined;
  for (const key of keys) {
    if (key.charCodeAt(0) === 0x40 && !(top && key === "@context")) throw NOT_PLAIN;
    if (base.terms.get(key)?.kind !== "type") continue;
    if (found !== undefined) throw NOT_PLAIN;
    found = key;
  }
  return found;
}

function readTypes(value: Json): readonly string[] {
  const types = Array.isArray(value) ? value : [value];
  if (types.length === 0 || !types.every((type) => typeof type === "string")) throw NOT_PLAIN;
  return types as readonly string[];
}

/** Context of a node, once its types brought theirs, in the order of their names (§5.1.2, 11). */
function enterTypes(types: readonly string[], base: PlainContext): PlainContext {
  let scoped: string[] | undefined;
  for (const type of types)
    if (base.scopeOf(type) !== undefined) {
      scoped ??= [];
      scoped.push(type);
    }
  if (scoped === undefined) return base;
  const name = JSON.stringify(scoped.sort());
  const context = base.typed(name);
  if (context === undefined) throw new Unlearned(base, "types", name, undefined);
  if (context === "not plain") throw NOT_PLAIN;
  return context;
}

function readType(type: string, base: PlainContext): string {
  const term = base.terms.get(type);
  if (term !== undefined) {
    if (term.kind !== "property") throw NOT_PLAIN;
    return term.predicate;
  }
  if (type.includes(":")) return readIri(type, base);
  return vocabularyTerm(type, base).predicate;
}

/** A name that no term has, where the context says what becomes of such. */
function vocabularyTerm(name: string, context: PlainContext): Extract<PlainTerm, { kind: "property" }> {
  const iri = `${context.vocabulary}${name}`;
  const plain = context.vocabulary !== undefined && name !== "" && !name.includes(":") && !name.startsWith("@");
  if (!plain || !isPlainIri(iri) || isMisnamed(name, iri)) throw NOT_PLAIN;
  return { kind: "property", predicate: `<${iri}>`, values: "plain", words: undefined };
}

/** An absolute IRI. What could be a compact one, relative, or a blank node's name is left to jsonld. */
function readIri(value: Json, context: PlainContext): string {
  if (typeof value !== "string" || !isPlainIri(value)) throw NOT_PLAIN;
  const colon = value.indexOf(":");
  if (!value.startsWith("//", colon + 1) && context.terms.has(value.slice(0, colon))) throw NOT_PLAIN;
  return `<${value}>`;
}

function readScalar(value: string | number | boolean): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "boolean") return `"${value}"${XSD}boolean>`;
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return `"${value}"${XSD}integer>`;
  if (Number.isInteger(value) || !isExpressible(value)) throw NOT_PLAIN;
  // JSON-LD 1.1 API §8.6: the canonical form of a double.
  return `"${value.toExponential(15).replace(/(\d)0*e\+?/, "$1E")}"${XSD}double>`;
}

function readWord(key: string, word: string, scope: unknown, context: PlainContext): string {
  const words = scope === undefined ? context : context.words(key);
  if (words === undefined) throw new Unlearned(context, "words", key, scope);
  if (words === "not plain") throw NOT_PLAIN;
  const term = words.terms.get(word);
  if (term?.kind !== "property") throw NOT_PLAIN;
  return term.predicate;
}
