import ContextResolver, { type SharedCache } from "jsonld/lib/ContextResolver.js";
import { canonicalJson, encodeBase64Url, encodeUtf8, type JsonObject, Lru } from "#base";
import { sha256 } from "#crypto";
import { credentialError } from "../errors.ts";
import { bundledContext } from "./bundled-contexts.ts";

/** Processed contexts that are kept, and the longest text of one that stands in a document itself. */
const CACHE = { contexts: 256, text: 16_384 };
/** Libraries that are kept for callers that ask with equal contexts again and again. */
const LIBRARIES = 16;
/** Contexts beyond the bundled ones, and their length altogether. */
const ADDITIONAL = { contexts: 256, characters: 4_194_304 };

/**
 * The contexts that documents may name: the bundled ones and those of the configuration. Nothing else is had from anywhere.
 *
 * What jsonld made of a context is kept here and not in jsonld's own cache, which all users of jsonld in a process share by URL alone.
 */
export class ContextLibrary {
  readonly #additional: ReadonlyMap<string, JsonObject>;
  readonly #cache: SharedCache;

  /** @param additional - by URL; copied and checked by `contextLibrary` */
  constructor(additional: ReadonlyMap<string, JsonObject>) {
    this.#additional = additional;
    const resolved = new Lru<string, object>(CACHE.contexts);
    this.#cache = {
      get: (key) => resolved.get(key),
      set: (key, value) => {
        if (key.length <= CACHE.text) resolved.set(key, value);
      },
    };
  }

  /** The context document of a URL, or `undefined`. */
  find(url: string): JsonObject | undefined {
    return bundledContext(url) ?? this.#additional.get(url);
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
    return new ContextResolver({ sharedCache: this.#cache });
  }
}

const BUNDLED = new ContextLibrary(new Map());
const libraries = new Lru<string, ContextLibrary>(LIBRARIES);

/**
 * The library of the bundled contexts and, where given, of more. Equal contexts get one library with one cache; others never share one.
 *
 * @param additional - context documents (`{"@context": …}`) by URL
 * @throws HansaError `credentials.context` where one is no context document, would replace a bundled one, or there are too many
 * @example
 * ```ts
 * const library = contextLibrary(new Map([["https://maker.example/v1", { "@context": { power: "https://maker.example/terms#power" } }]]));
 * ```
 */
export function contextLibrary(additional?: ReadonlyMap<string, JsonObject>): ContextLibrary {
  if (additional === undefined || additional.size === 0) return BUNDLED;
  if (additional.size > ADDITIONAL.contexts)
    throw refuse("there are too many contexts", { limit: ADDITIONAL.contexts });
  for (const [url, document] of additional) {
    if (!URL.canParse(url)) throw refuse("the name of a context is no URL", { context: url.slice(0, 500) });
    if (bundledContext(url) !== undefined) throw refuse("a bundled context cannot be replaced", { context: url });
    if (typeof document !== "object" || document === null || document["@context"] === undefined)
      throw refuse("a context document has no @context", { context: url });
  }
  const text = canonicalJson([...additional].sort(([a], [b]) => (a < b ? -1 : 1)));
  if (text.length > ADDITIONAL.characters)
    throw refuse("the contexts are too long", { limit: ADDITIONAL.characters, length: text.length });
  const digest = encodeBase64Url(sha256(encodeUtf8(text)));
  const known = libraries.get(digest);
  if (known !== undefined) return known;
  const library = new ContextLibrary(new Map(structuredClone([...additional])));
  libraries.set(digest, library);
  return library;
}

const refuse = (message: string, payload: object) => credentialError("credentials.context", message, payload);
