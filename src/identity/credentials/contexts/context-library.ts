import type { SharedCache } from "jsonld/lib/ContextResolver.js";
import { encodeBase64Url, encodeUtf8, type JsonObject, Lru } from "#base";
import { sha256 } from "#crypto";
import { credentialError } from "../errors.ts";
import type { ContextSource } from "../terms/process-context.ts";
import { bundledContext } from "./bundled-contexts.ts";
import { SeparateResolver } from "./separate-resolver.ts";

/** Processed contexts that are kept. */
const KEPT = 256;
/** Sources that are kept for callers that come with equal contexts again and again. */
const SOURCES = 16;
/** Contexts beyond the bundled ones, and their length altogether. */
const ADDITIONAL = { contexts: 256, characters: 4_194_304 };

/**
 * The contexts that documents may name, as jsonld wants them.
 *
 * What jsonld made of a context is kept here and not in jsonld's own cache, which all users of jsonld in a process share by URL alone. Of
 * contexts that stand in documents, or in other contexts, nothing is kept beyond the document: jsonld does not tell whether one was allowed
 * to define protected terms anew where it stood, and would take it for allowed wherever it stands next.
 */
export class ContextLibrary {
  readonly find: ContextSource;
  readonly #cache: SharedCache;

  constructor(find: ContextSource) {
    this.find = find;
    const resolved = new Lru<string, object>(KEPT);
    this.#cache = {
      get: (key) => resolved.get(key),
      set: (key, value) => {
        // By URL; what stands in a document comes with its JSON.
        if (!key.startsWith("{")) resolved.set(key, value);
      },
    };
  }

  /** What jsonld asks for a context; it may change what it gets. */
  readonly load = async (url: string): Promise<object> => {
    const document = this.find(url);
    if (document === undefined)
      throw credentialError("credentials.context", "a JSON-LD context is none that this verifier has", {
        context: url.slice(0, 500),
      });
    return { contextUrl: null, documentUrl: url, document: structuredClone(document), tag: "static" };
  };

  /** Resolver of contexts for one operation of jsonld. */
  resolver(): object {
    return new SeparateResolver({ sharedCache: this.#cache });
  }
}

const libraries = new WeakMap<ContextSource, ContextLibrary>();

/** The library over a source: one for each, so what was made of one source's contexts is never taken for another's. */
export function libraryOf(contexts: ContextSource = bundledContext): ContextLibrary {
  const known = libraries.get(contexts);
  if (known !== undefined) return known;
  const library = new ContextLibrary(contexts);
  libraries.set(contexts, library);
  return library;
}

const sources = new Lru<string, ContextSource>(SOURCES);

/**
 * The bundled contexts and more. Equal contexts give the same source, with what was already made of them; keep it, and hand it to whatever
 * signs or verifies.
 *
 * @param additional - context documents (`{"@context": …}`) by URL
 * @throws HansaError `credentials.context` where one is no context document, would replace a bundled one, or there are too many
 * @example
 * ```ts
 * const contexts = addContexts(new Map([["https://maker.example/v1", { "@context": { power: "https://maker.example/terms#power" } }]]));
 * ```
 */
export function addContexts(additional: ReadonlyMap<string, JsonObject>): ContextSource {
  if (additional.size === 0) return bundledContext;
  if (additional.size > ADDITIONAL.contexts)
    throw refuse("there are too many contexts", { limit: ADDITIONAL.contexts });
  for (const [url, document] of additional) {
    if (!URL.canParse(url)) throw refuse("the name of a context is no URL", { context: url.slice(0, 500) });
    if (bundledContext(url) !== undefined) throw refuse("a bundled context cannot be replaced", { context: url });
    if (typeof document !== "object" || document === null || document["@context"] === undefined)
      throw refuse("a context document has no @context", { context: url });
  }
  // Members keep their order: it is what jsonld reads, and contexts that differ in no more are two.
  const text = JSON.stringify([...additional].sort(([a], [b]) => (a < b ? -1 : 1)));
  if (text.length > ADDITIONAL.characters)
    throw refuse("the contexts are too long", { limit: ADDITIONAL.characters, length: text.length });
  const digest = encodeBase64Url(sha256(encodeUtf8(text)));
  const known = sources.get(digest);
  if (known !== undefined) return known;
  // Of the text, so that equal texts are equal contexts.
  const kept = new Map(JSON.parse(text) as [string, JsonObject][]);
  const source: ContextSource = (url) => bundledContext(url) ?? kept.get(url);
  sources.set(digest, source);
  return source;
}

const refuse = (message: string, payload: object) => credentialError("credentials.context", message, payload);
