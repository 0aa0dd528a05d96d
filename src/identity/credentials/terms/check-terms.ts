import { type Json, type JsonObject, Lru } from "#base";
import { bundledContext } from "../contexts/bundled-contexts.ts";
import { isObject } from "../document-parts.ts";
import { credentialError } from "../errors.ts";
import { type ActiveContext, emptyContext, expandName, IRI, isKeyword, listOf, type Term } from "./active-context.ts";
import { CompactForm } from "./compact-form.ts";
import { checkOwnContext } from "./own-contexts.ts";
import { type ContextSource, processContext } from "./process-context.ts";

/** Lists of contexts whose terms are kept at hand. */
const KEPT_LISTS = 64;
/** Terms that are kept in all contexts that follow from one list. */
const KEPT_TERMS = 10_000;
/** Characters of a list that is kept: who sends long ones, pays for them. */
const KEPT_LENGTH = 16_384;
const MAX_LENGTH = 65_536;
/** Contexts that one document may have made anew. */
const MAX_MADE = 256;

const tables = new WeakMap<ContextSource, Lru<string, ActiveContext>>();

function activeContextOf(context: Json, contexts: ContextSource): ActiveContext {
  const text = textOf(context);
  let kept = tables.get(contexts);
  if (kept === undefined) {
    kept = new Lru(KEPT_LISTS);
    tables.set(contexts, kept);
  }
  const known = kept.get(text);
  if (known !== undefined) return known;
  const made = processContext(emptyContext({ terms: KEPT_TERMS }), context, { contexts });
  if (text.length <= KEPT_LENGTH) kept.set(text, made);
  return made;
}

function textOf(context: Json): string {
  const text = JSON.stringify(context);
  if (text.length > MAX_LENGTH)
    throw credentialError("credentials.context", "the context is too large", { limit: MAX_LENGTH });
  return text;
}

/**
 * Checks that the contexts of a document define every term and type in it, as JSON-LD expands it: what they do not define, means nothing
 * to whoever reads the document as RDF, and no signature over RDF would cover it. The contexts are compiled once and kept.
 *
 * @param document - with `@context`
 * @param contexts - where contexts come from; nothing is fetched
 * @throws HansaError `credentials.term` where one is not defined, `credentials.context` where a context is unknown or wrong
 */
export function checkTerms(document: JsonObject, contexts: ContextSource = bundledContext): void {
  check(document, contexts, undefined);
}

/**
 * Checks beside the terms that a document is in the compacted form, so that a signature over its RDF covers what its JSON says.
 *
 * @param document - with `@context`
 * @param predicates - of the statements of its RDF
 * @throws HansaError as `checkTerms`; `credentials.document`, `credentials.context` where its JSON could say another thing than its RDF
 */
export function checkCompactForm(document: JsonObject, contexts: ContextSource, predicates: Iterable<string>): void {
  checkOwnContext(document["@context"]);
  const form = new CompactForm();
  check(document, contexts, form);
  form.checkStatements(predicates);
}

function check(document: JsonObject, contexts: ContextSource, form: CompactForm | undefined): void {
  const { "@context": context, ...members } = document;
  const active = context === undefined ? emptyContext({ terms: 0 }) : activeContextOf(context, contexts);
  new TermCheck(contexts, form).walkNode(members, active, "");
}

class TermCheck {
  readonly #contexts: ContextSource;
  /** Where the form counts as well. */
  readonly #form: CompactForm | undefined;
  #made = 0;
  /** Contexts for which there was no room beyond this document: others may have filled it. */
  readonly #own = new Map<ActiveContext, Map<string, ActiveContext>>();

  constructor(contexts: ContextSource, form: CompactForm | undefined) {
    this.#contexts = contexts;
    this.#form = form;
  }

  /** Expansion, API §5.1.2, without its output. */
  walkNode(node: JsonObject, given: ActiveContext, path: string): void {
    let active = given;
    if (active.previous !== undefined && !this.#keepsTypeScope(node, active)) active = active.previous;
    this.#walkIn(node, active, path);
  }

  /** Within a property that has a context of its own, that context comes first, and what a type brought in no longer ends (§5.1.2.8). */
  #walkProperty(value: Json, active: ActiveContext, term: Term | undefined, path: string): void {
    if (Array.isArray(value)) {
      for (const item of value) this.#walkProperty(item, active, term, path);
      return;
    }
    if (!isObject(value)) return;
    const reverted = active.previous !== undefined && !this.#keepsTypeScope(value, active) ? active.previous : active;
    this.#form?.checkValueObject(value, reverted, path);
    if (term?.context === undefined) {
      this.#walkIn(value, reverted, path);
      return;
    }
    const { context } = term;
    this.#walkIn(
      value,
      this.#follow(reverted, `property ${term.number}`, () => this.#process(reverted, context, { overrides: true })),
      path,
    );
  }

  #keepsTypeScope(node: JsonObject, active: ActiveContext): boolean {
    const names = Object.keys(node);
    const keywords = names.map((name) => expandName(name, active));
    return keywords.includes("@value") || (names.length === 1 && keywords[0] === "@id");
  }

  #walkIn(node: JsonObject, given: ActiveContext, path: string): void {
    let active = given;
    const own = node["@context"];
    if (this.#form !== undefined) checkOwnContext(own);
    if (own !== undefined) active = this.#follow(given, `@context ${textOf(own)}`, () => this.#process(given, own, {}));
    const typed = active;
    const names = Object.keys(node);
    for (const name of names) {
      if (typed.terms.get(name)?.iri !== "@type" && name !== "@type") continue;
      const types = listOf(node[name]).filter((type): type is string => typeof type === "string");
      // §5.1.2.11: in the order of their texts, whatever the order in the document.
      for (const type of types.length > 1 ? [...types].sort() : types) {
        const term = typed.terms.get(type);
        if (term?.context === undefined) continue;
        active = this.#enterType(active, term, term.context);
      }
    }
    this.#form?.enterNode(node, active, path);
    for (const name of names) {
      if (name === "@context") continue;
      this.#walkMember(name, node[name] as Json, active, typed, path);
    }
  }

  #walkMember(name: string, value: Json, active: ActiveContext, typed: ActiveContext, path: string): void {
    const iri = expandName(name, active);
    const at = `${path}/${name}`;
    if (typeof iri !== "string") throw unknownTerm(at, name);
    if (isKeyword(iri)) {
      this.#form?.checkKeyword(iri, name, value, path);
      this.#walkKeyword(iri, value, active, typed, at);
      return;
    }
    if (!IRI.test(iri) && !iri.startsWith("_:")) throw unknownTerm(at, name);
    this.#form?.checkProperty(name, iri, value, active, at);
    if (typeof value !== "object" || value === null) return;
    const term = active.terms.get(name);
    if (term?.type === "@json") return;
    const map = term?.containers.find((container) => MAPS.has(container));
    if (map === undefined || !isObject(value) || (map === "@graph" && !isMap(term))) {
      this.#walkProperty(value, active, term, at);
      return;
    }
    // Its keys are languages, indexes, ids or types, and no terms.
    for (const key of Object.keys(value)) {
      const type = map === "@type" ? active.terms.get(key) : undefined;
      const inner = type?.context === undefined ? active : this.#enterType(active, type, type.context);
      if (map !== "@language") this.#walkProperty(value[key] as Json, inner, term, `${at}/${key}`);
    }
  }

  #walkKeyword(keyword: string, value: Json, active: ActiveContext, typed: ActiveContext, path: string): void {
    switch (keyword) {
      case "@type":
        for (const type of listOf(value)) {
          if (typeof type !== "string") throw malformed(path, "a type is no text");
          const iri = expandName(type, typed);
          if (typeof iri !== "string" || (!IRI.test(iri) && !isKeyword(iri))) throw unknownTerm(path, type);
        }
        return;
      case "@graph":
      case "@included":
      case "@list":
      case "@set":
        this.#walkProperty(value, active, undefined, path);
        return;
      // These members are the node's own.
      case "@nest":
      case "@reverse":
        for (const item of listOf(value)) if (isObject(item)) this.#walkIn(item, active, path);
        return;
    }
  }

  /** By the term and not by its name: the types before it may have given that another meaning, which is not the one that counts. */
  #enterType(before: ActiveContext, { number }: Term, context: Json): ActiveContext {
    return this.#follow(before, `type ${number}`, () => this.#process(before, context, { ends: true }));
  }

  #process(active: ActiveContext, context: Json, options: { overrides?: boolean; ends?: boolean }): ActiveContext {
    return processContext(active, context, { contexts: this.#contexts, ...options });
  }

  #follow(from: ActiveContext, key: string, make: () => ActiveContext): ActiveContext {
    const known = from.next.get(key) ?? this.#own.get(from)?.get(key);
    if (known !== undefined) return known;
    if (++this.#made > MAX_MADE)
      throw credentialError("credentials.context", "the document brings in too many contexts", { limit: MAX_MADE });
    const made = make();
    const { room } = from;
    if (room.terms >= made.terms.size && key.length <= KEPT_LENGTH) {
      // An empty one takes room as well.
      room.terms -= made.terms.size + 16;
      from.next.set(key, made);
      return made;
    }
    const own = this.#own.get(from) ?? new Map<string, ActiveContext>();
    this.#own.set(from, own.set(key, made));
    return made;
  }
}

const MAPS = new Set(["@language", "@index", "@id", "@type", "@graph"]);
/** `@graph` alone holds a node, together with `@id` or `@index` a map of them. */
const isMap = (term: Term | undefined): boolean =>
  term?.containers.some((container) => container === "@id" || container === "@index") === true;

function unknownTerm(path: string, term: string) {
  const name = term.slice(0, 100);
  return credentialError("credentials.term", `no context of the document defines ${JSON.stringify(name)}`, {
    path: path.slice(0, 200),
    term: name,
  });
}

function malformed(path: string, problem: string) {
  return credentialError("credentials.document", problem, { path: path.slice(0, 200), problem });
}
