import { canonicalJson, type Json, type JsonObject } from "#base";
import { isObject } from "../document-parts.ts";
import { credentialError } from "../errors.ts";
import { type ActiveContext, emptyContext, expandName, IRI, isKeyword, listOf, type Term } from "./active-context.ts";

/** The context document that a URL names, or `undefined`; nothing is fetched. */
export type ContextSource = (url: string) => JsonObject | undefined;

/** Contexts that one context may bring in by URL, each within another. */
const REMOTE_DEPTH = 8;
/** Terms of one active context. */
const MAX_TERMS = 2048;
/** Contexts in one list. */
const MAX_LIST = 32;

export interface ProcessOptions {
  readonly contexts: ContextSource;
  /** Of the context of a property: it may redefine protected terms (JSON-LD 1.1 §4.1.11). */
  readonly overrides?: boolean;
  /** Of the context of a type: it ends with the node (§4.1.9). */
  readonly ends?: boolean;
}

const refuse = (problem: string, payload: object = {}) =>
  credentialError("credentials.context", `the context ${problem}`, { problem, ...payload });

/**
 * The active context that a local context makes of another: JSON-LD 1.1, API §4.1, as far as it decides which terms are defined. What it
 * leaves out, `@import` and `@base` that is not null, is refused.
 *
 * @throws HansaError `credentials.context`
 */
export function processContext(active: ActiveContext, local: Json, options: ProcessOptions, depth = 0): ActiveContext {
  const ends = options.ends === true || (isObject(local) && local["@propagate"] === false);
  let result = active;
  if (Array.isArray(local) && local.length > MAX_LIST) throw refuse("is a list of too many", { limit: MAX_LIST });
  for (const item of listOf(local)) result = processOne(result, item, options, depth);
  if (!ends || result === active) return result;
  return { ...result, previous: active.previous ?? active, next: new Map() };
}

function processOne(active: ActiveContext, local: Json, options: ProcessOptions, depth: number): ActiveContext {
  if (local === null) {
    if (options.overrides !== true && [...active.terms.values()].some((term) => term.protected))
      throw refuse("is null, which would take protected terms away");
    return emptyContext(active.room);
  }
  if (typeof local === "string") {
    if (depth >= REMOTE_DEPTH) throw refuse("brings in others too deep", { limit: REMOTE_DEPTH });
    const document = options.contexts(local);
    if (document === undefined) throw refuse("is not bundled", { context: local.slice(0, 200) });
    return processContext(
      active,
      document["@context"] ?? {},
      { contexts: options.contexts, ...overrideOf(options) },
      depth + 1,
    );
  }
  if (!isObject(local)) throw refuse("is neither a URL nor an object");
  return new Definitions(active, local, options).process();
}

const overrideOf = ({ overrides }: ProcessOptions) => (overrides === undefined ? {} : { overrides });

let definitions = 0;

/** One local context at work. */
class Definitions {
  readonly #terms: Map<string, Term>;
  readonly #local: JsonObject;
  readonly #active: ActiveContext;
  readonly #options: ProcessOptions;
  /** Terms by whether they are done; a term that is met again before it is, depends on itself. */
  readonly #done = new Map<string, boolean>();
  #vocab: string | undefined;

  constructor(active: ActiveContext, local: JsonObject, options: ProcessOptions) {
    this.#active = active;
    this.#local = local;
    this.#options = options;
    this.#terms = new Map(active.terms);
    this.#vocab = active.vocab;
  }

  process(): ActiveContext {
    const local = this.#local;
    if ("@version" in local && local["@version"] !== 1.1) throw refuse("has another @version than 1.1");
    if ("@import" in local) throw refuse("has @import");
    if ("@base" in local && local["@base"] !== null) throw refuse("has @base");
    if ("@propagate" in local && typeof local["@propagate"] !== "boolean")
      throw refuse("has no boolean for @propagate");
    if ("@protected" in local && typeof local["@protected"] !== "boolean")
      throw refuse("has no boolean for @protected");
    this.#checkLanguage(local);
    if ("@vocab" in local) this.#vocab = this.#readVocab(local["@vocab"]);
    for (const name of Object.keys(local)) if (!isSetting(name)) this.#define(name);
    if (this.#terms.size > MAX_TERMS) throw refuse("has too many terms", { limit: MAX_TERMS });
    return {
      terms: this.#terms,
      vocab: this.#vocab,
      previous: this.#active.previous,
      next: new Map(),
      room: this.#active.room,
    };
  }

  #readVocab(value: Json | undefined): string | undefined {
    if (value === null) return undefined;
    if (typeof value !== "string") throw refuse("has a @vocab that is no text");
    const expanded = value === "" ? this.#vocab : expandName(value, { terms: this.#terms, vocab: this.#vocab });
    if (typeof expanded !== "string" || !IRI.test(expanded)) throw refuse("has a @vocab that is no IRI");
    return expanded;
  }

  #checkLanguage({ "@language": language, "@direction": direction }: JsonObject): void {
    if (language !== undefined && language !== null && typeof language !== "string")
      throw refuse("has a @language that is no text");
    if (direction !== undefined && direction !== null && direction !== "ltr" && direction !== "rtl")
      throw refuse("has a @direction other than ltr and rtl");
  }

  /** Create Term Definition, API §4.2. */
  #define(name: string): void {
    const done = this.#done.get(name);
    if (done === true) return;
    if (done === false) throw refuse("has terms that depend on themselves", { term: name.slice(0, 100) });
    this.#done.set(name, false);
    const value = this.#local[name] as Json;
    if (name === "") throw refuse("defines an empty term");
    if (isKeyword(name)) {
      // §4.2.4: @type alone may be touched, and only to be a set or protected.
      if (
        name !== "@type" ||
        !isObject(value) ||
        !Object.keys(value).every((k) => k === "@container" || k === "@protected")
      )
        throw refuse("redefines a keyword", { term: name });
      this.#done.set(name, true);
      return;
    }
    const definition: JsonObject = isObject(value) ? value : { "@id": value };
    const isProtected = definition["@protected"] ?? this.#local["@protected"] ?? false;
    if (typeof isProtected !== "boolean") throw refuse("has no boolean for @protected", { term: name.slice(0, 100) });
    this.#terms.delete(name);
    const iri = this.#iriOf(name, definition, isObject(value));
    const type = this.#typeOf(definition["@type"], name);
    const prefix = this.#isPrefix(name, definition, iri, !isObject(value));
    const containers = containersOf(definition["@container"], name);
    const {
      "@context": context,
      "@language": language,
      "@direction": direction,
      "@nest": nest,
      "@index": index,
    } = definition;
    const reverse = "@reverse" in definition;
    const meaning = {
      iri,
      type,
      prefix,
      containers: [...containers].sort(),
      context,
      language,
      direction,
      nest,
      index,
      reverse,
    };
    const text = canonicalJson(meaning);
    const earlier = this.#active.terms.get(name);
    // §4.2.27: a protected term may be said again, if it means the same.
    const kept = earlier?.protected === true && this.#options.overrides !== true ? earlier : undefined;
    if (kept !== undefined && kept.text !== text)
      throw refuse("redefines a protected term", { term: name.slice(0, 100) });
    this.#terms.set(
      name,
      kept ?? { iri, prefix, protected: isProtected, type, containers, context, number: ++definitions, text },
    );
    this.#done.set(name, true);
  }

  #iriOf(name: string, definition: JsonObject, expanded: boolean): string | null {
    if ("@reverse" in definition) {
      const { "@reverse": reverse } = definition;
      if (typeof reverse !== "string" || "@id" in definition || "@nest" in definition) throw this.#badTerm(name);
      const iri = this.#expand(reverse);
      if (typeof iri !== "string" || !IRI.test(iri)) throw this.#badTerm(name);
      return iri;
    }
    if ("@id" in definition && definition["@id"] !== name) {
      const { "@id": id } = definition;
      if (id === null) return null;
      if (typeof id !== "string") throw this.#badTerm(name);
      const iri = this.#expand(id);
      // What looks like a keyword and is none means nothing: as if the term were not defined.
      if (iri === null) return null;
      if (iri === undefined || iri === "@context" || !(isKeyword(iri) || iri.startsWith("_:") || IRI.test(iri)))
        throw this.#badTerm(name);
      return iri;
    }
    if (!expanded && !("@id" in definition)) throw this.#badTerm(name);
    const colon = name.indexOf(":", 1);
    if (colon > 0) this.#depend(name.slice(0, colon));
    const iri = expandName(name, { terms: this.#terms, vocab: this.#vocab });
    if (typeof iri !== "string" || !IRI.test(iri)) throw this.#badTerm(name);
    return iri;
  }

  /** What a definition names may be defined later in the same context. */
  #expand(text: string): string | null | undefined {
    this.#depend(text);
    const colon = text.indexOf(":", 1);
    if (colon > 0 && !text.startsWith("//", colon + 1)) this.#depend(text.slice(0, colon));
    return expandName(text, { terms: this.#terms, vocab: this.#vocab });
  }

  #depend(name: string): void {
    if (!isSetting(name) && !isKeyword(name) && Object.hasOwn(this.#local, name)) this.#define(name);
  }

  #typeOf(type: Json | undefined, name: string): string | undefined {
    if (type === undefined) return undefined;
    const iri = typeof type === "string" ? this.#expand(type) : undefined;
    if (typeof iri !== "string") throw this.#badTerm(name);
    if (!["@id", "@vocab", "@json", "@none"].includes(iri) && (isKeyword(iri) || !IRI.test(iri)))
      throw this.#badTerm(name);
    return iri;
  }

  #isPrefix(name: string, definition: JsonObject, iri: string | null, simple: boolean): boolean {
    const { "@prefix": prefix } = definition;
    if (prefix !== undefined) {
      if (typeof prefix !== "boolean" || /[:/]/.test(name) || (iri !== null && isKeyword(iri)))
        throw this.#badTerm(name);
      return prefix && iri !== null;
    }
    // §4.2.14.5: a plain term may be a prefix where its IRI ends as one that goes on does.
    return simple && iri !== null && !/[:/]/.test(name) && /[:/?#[\]@]$|^_:/.test(iri);
  }

  #badTerm(name: string) {
    return refuse("has a term that leads to no IRI", { term: name.slice(0, 100) });
  }
}

const SETTINGS = new Set([
  "@base",
  "@direction",
  "@import",
  "@language",
  "@propagate",
  "@protected",
  "@version",
  "@vocab",
]);
const isSetting = (name: string): boolean => SETTINGS.has(name);

const CONTAINERS = new Set(["@graph", "@id", "@index", "@language", "@list", "@set", "@type"]);

function containersOf(value: Json | undefined, name: string): readonly string[] {
  const containers = value === null ? [] : listOf(value);
  for (const one of containers)
    if (typeof one !== "string" || !CONTAINERS.has(one))
      throw refuse("has an unknown @container", { term: name.slice(0, 100) });
  return containers as readonly string[];
}
