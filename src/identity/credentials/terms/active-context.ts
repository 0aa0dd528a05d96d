import type { Json } from "#base";

/** What a term means (JSON-LD 1.1 §4.1 of the API's Context Processing Algorithms): only what tells known terms from unknown ones. */
export interface Term {
  /** The IRI or keyword that it stands for; `null` where a context takes the term away. */
  readonly iri: string | null;
  readonly prefix: boolean;
  readonly protected: boolean;
  /** The datatype or keyword of `@type`. */
  readonly type: string | undefined;
  readonly containers: readonly string[];
  /** The context that holds within it; `undefined` where it has none. */
  readonly context: Json | undefined;
  /** Of this definition alone: what follows from it is kept by it, since a name may mean another thing elsewhere. */
  readonly number: number;
  /** All that it means, as text, for whether a protected one is only repeated. */
  readonly text: string;
}

/** The terms that hold somewhere in a document. Never changed once made: what follows from it is kept beside it. */
export interface ActiveContext {
  readonly terms: ReadonlyMap<string, Term>;
  readonly vocab: string | undefined;
  /** Where a type brought this context in: what holds again one level down (JSON-LD 1.1 §4.1.9). */
  readonly previous: ActiveContext | undefined;
  /** Contexts that follow from this one, by what makes them follow. */
  readonly next: Map<string, ActiveContext>;
  /** How many terms may yet be kept in what follows, from the whole family of contexts: memory is not the sender's. */
  readonly room: { terms: number };
}

/** Where no context holds. A fresh one each time: what is kept beside it belongs to one source of contexts. */
export const emptyContext = (room: { terms: number }): ActiveContext => ({
  terms: new Map(),
  vocab: undefined,
  previous: undefined,
  next: new Map(),
  room,
});

const KEYWORDS = new Set(
  `@base @container @context @default @direction @embed @explicit @graph @id @included @index @json @language @list @nest @none @omitDefault
  @prefix @preserve @propagate @protected @requireAll @reverse @set @type @value @version @vocab`.split(/\s+/),
);

export const isKeyword = (text: string): boolean => text.charAt(0) === "@" && KEYWORDS.has(text);
/** Texts that look like keywords and are none are kept for later versions of JSON-LD, and mean nothing (§4.1.2). */
const looksLikeKeyword = (text: string): boolean => /^@[A-Za-z]+$/.test(text);

/** An absolute IRI, near enough: a scheme and no character that RFC 3987 bars from IRIs, so that N-Quads have it as it is. */
export const IRI = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]*$/;

/**
 * Expands a term, compact IRI or IRI.
 *
 * @returns `null` where a context takes it away, `undefined` where it is relative and no context says to what
 */
export function expandName(text: string, { terms, vocab }: Pick<ActiveContext, "terms" | "vocab">) {
  const term = terms.get(text);
  if (term !== undefined) return term.iri;
  if (isKeyword(text)) return text;
  if (looksLikeKeyword(text)) return null;
  const colon = text.indexOf(":", 1);
  if (colon > 0) {
    const prefix = terms.get(text.slice(0, colon));
    if (prefix?.prefix === true && !text.startsWith("//", colon + 1)) return prefix.iri + text.slice(colon + 1);
    if (text.startsWith("_:") || IRI.test(text)) return text;
  }
  return vocab === undefined ? undefined : vocab + text;
}

export const listOf = (value: Json | undefined): readonly Json[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as Json];
