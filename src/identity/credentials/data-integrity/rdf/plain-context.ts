import contextProcessor, { type ActiveContext, type TermMapping } from "jsonld/lib/context.js";
import { type Json, Lru } from "#base";
import type { ContextLibrary } from "../../contexts/context-library.ts";
import { IRI } from "../../terms/active-context.ts";
import { isMisnamed } from "../../terms/compact-form.ts";
import { checkOwnContext } from "../../terms/own-contexts.ts";

/** Whether a text is an absolute IRI that stands in N-Quads as it is. Others may be, too: jsonld decides about them. */
export function isPlainIri(text: string): boolean {
  return IRI.test(text);
}

/** Sets of types with contexts of their own, and terms with such, that are kept for one context: documents choose them. */
const KEPT = { types: 32, words: 16 };

/** What a key of a document means, as far as the plain path goes. */
export type PlainTerm =
  /** Names the node, or its types. */
  | { readonly kind: "id" | "type" }
  | {
      readonly kind: "property";
      /** `<iri>` */
      readonly predicate: string;
      /** What scalars are: text and numbers as they are, IRIs, words of the vocabulary, or text of a datatype (`^^<iri>`). */
      readonly values: "plain" | "iri" | "word" | { readonly datatype: string };
      /** Where words are looked up, if not beside the term: property-scoped context. */
      readonly words: unknown;
    }
  /** What only jsonld reads. */
  | { readonly kind: "other" };

/** A context as the plain path reads it: terms of jsonld's active context, looked at once. */
export class PlainContext {
  readonly active: ActiveContext;
  /** Of nodes within this one: type-scoped contexts do not reach into them (JSON-LD 1.1 §4.1.4). */
  readonly outer: PlainContext;
  readonly terms: ReadonlyMap<string, PlainTerm>;
  readonly vocabulary: string | undefined;
  /** By the types, sorted, that bring a context, as JSON: a type may have any character in it. */
  readonly #typed = new Lru<string, PlainContext | "not plain">(KEPT.types);
  readonly #words = new Lru<string, PlainContext | "not plain">(KEPT.words);

  constructor(active: ActiveContext, outer?: PlainContext) {
    this.active = active;
    this.outer = outer ?? this;
    this.vocabulary = active["@vocab"];
    this.terms = new Map([...active.mappings].map(([name, mapping]) => [name, readTerm(name, mapping)]));
  }

  /** The context that a type brings, if any. */
  scopeOf(type: string): unknown {
    return this.active.mappings.get(type)?.["@context"];
  }

  /**
   * @param types - as JSON
   * @returns `undefined` where it is not known yet
   */
  typed(types: string): PlainContext | "not plain" | undefined {
    return this.#typed.get(types);
  }

  /** @returns `undefined` where it is not known yet */
  words(term: string): PlainContext | "not plain" | undefined {
    return this.#words.get(term);
  }

  /**
   * Has jsonld process the contexts of types, in their order.
   *
   * @param types - as JSON
   */
  async learnTypes(types: string, library: ContextLibrary): Promise<void> {
    let active = this.active;
    // The previous context is a copy of this one, unless the first type's context says that it propagates.
    let returns = true;
    for (const type of JSON.parse(types) as readonly string[]) {
      active = await processContext(active, this.scopeOf(type), library, { propagate: false });
      returns &&= active.previousContext !== undefined;
    }
    const plain = returns && isPlain(active);
    this.#typed.set(types, plain ? new PlainContext(active, this) : "not plain");
  }

  /** Has jsonld process a property-scoped context. */
  async learnWords(term: string, scope: unknown, library: ContextLibrary): Promise<void> {
    const active = await processContext(this.active, scope, library, { propagate: true, overrideProtected: true });
    const same = active.mappings.get(term)?.["@type"] === "@vocab";
    this.#words.set(term, same && isPlain(active) ? new PlainContext(active, this) : "not plain");
  }
}

/**
 * The plain context of a document's `@context`; `undefined` where only jsonld can read it.
 *
 * @throws whatever jsonld has against it
 */
export async function readContext(context: Json, library: ContextLibrary): Promise<PlainContext | undefined> {
  checkOwnContext(context);
  const initial = contextProcessor.getInitialContext(optionsOf(library));
  const active = await processContext(initial, context, library, {});
  return active.previousContext === undefined && isPlain(active) ? new PlainContext(active) : undefined;
}

/** Default language and direction turn every text into something else. */
const isPlain = (active: ActiveContext): boolean =>
  active["@language"] === undefined && active["@direction"] === undefined;

const optionsOf = (library: ContextLibrary): object => ({
  // What safe mode may have against a context is jsonld's to say, for the document that it stands in.
  eventHandler: [
    ({ event }: { readonly event: { readonly code: string } }) => {
      throw new Error(event.code);
    },
  ],
  base: null,
  processingMode: "json-ld-1.1",
  documentLoader: library.load,
  contextResolver: library.resolver(),
});

function processContext(
  active: ActiveContext,
  scope: unknown,
  library: ContextLibrary,
  how: { readonly propagate?: boolean; readonly overrideProtected?: boolean },
): Promise<ActiveContext> {
  const localCtx = structuredClone(scope);
  return contextProcessor.process({ activeCtx: active, localCtx, options: optionsOf(library), ...how });
}

const OTHER: PlainTerm = { kind: "other" };

function readTerm(name: string, mapping: TermMapping | null): PlainTerm {
  const iri = mapping?.["@id"];
  if (mapping === null || typeof iri !== "string") return OTHER;
  const special =
    mapping.reverse ||
    mapping["@nest"] !== undefined ||
    mapping["@index"] !== undefined ||
    mapping["@language"] !== undefined ||
    mapping["@direction"] !== undefined ||
    (mapping["@container"] ?? []).some((container) => container !== "@set");
  if (special) return OTHER;
  if (iri === "@id") return name === "id" ? { kind: "id" } : OTHER;
  if (iri === "@type") return name === "type" ? { kind: "type" } : OTHER;
  if (isMisnamed(name, iri)) return OTHER;
  const values = readValues(mapping["@type"]);
  if (values === undefined || !isPlainIri(iri)) return OTHER;
  return { kind: "property", predicate: `<${iri}>`, values, words: mapping["@context"] };
}

const XSD = "http://www.w3.org/2001/XMLSchema#";
const UNPLAIN_TYPES = new Set([`${XSD}boolean`, `${XSD}double`, `${XSD}string`]);

type Values = Extract<PlainTerm, { kind: "property" }>["values"];

function readValues(type: string | undefined): Values | undefined {
  if (type === undefined) return "plain";
  if (type === "@id") return "iri";
  if (type === "@vocab") return "word";
  // Of these, text is written otherwise in N-Quads, or is only one way of writing a value.
  if (UNPLAIN_TYPES.has(type)) return undefined;
  return isPlainIri(type) ? { datatype: `^^<${type}>` } : undefined;
}
