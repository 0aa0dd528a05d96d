import type { Json } from "#base";
import type { DidDocumentMetadata } from "#protocol";
import { resolutionError } from "../errors.ts";
import { type ParsedDidUrl, parseDidUrl } from "./did-url.ts";
import { findInDocument, selectServices } from "./document-parts.ts";
import type { Asker, DidMethod, MethodOption, MethodOptions } from "./method.ts";

/** What a DID URL leads to. */
export interface Dereferenced {
  /** A DID document, or what the fragment names in it; `null` where the DID was deactivated. */
  readonly content: { readonly [member: string]: Json } | null;
  /** It as JSON, where that is at hand. */
  readonly text?: string | undefined;
  readonly metadata: DidDocumentMetadata;
  /** Whether it is the whole document, and not a part. */
  readonly whole: boolean;
  /** Where the selected services are; only where the DID URL selects some. */
  readonly endpoints?: readonly string[];
}

const METHOD_OPTIONS: readonly MethodOption[] = ["versionId", "versionTime", "group", "publicKeyFormat"];
/** Parameters that may stand in a DID URL as well as beside it. */
const PARAMETERS: ReadonlySet<string> = new Set(["service", "serviceType", "relativeRef", "versionId", "versionTime"]);
const OPTIONS: ReadonlySet<string> = new Set([...PARAMETERS, ...METHOD_OPTIONS]);

/** Resolves DIDs of the methods it was made with, and dereferences DID URLs (W3C DID Resolution §4 and §5). */
export class DidResolver {
  readonly #methods: ReadonlyMap<string, DidMethod>;

  constructor(methods: readonly DidMethod[]) {
    this.#methods = new Map(methods.map((method) => [method.name, method]));
  }

  /**
   * Dereferences a DID URL; a DID alone is resolved.
   *
   * @param options - resolution options, by their names; what stands in the DID URL, too, must say the same
   * @throws HansaError `resolution.*`
   * @example
   * ```ts
   * const resolver = new DidResolver([keyMethod]);
   * const { content } = await resolver.dereference("did:key:z6Mk…#z6Mk…", {}, { mayRead: () => false });
   * ```
   */
  async dereference(
    text: string,
    options: Readonly<Record<string, string | number>>,
    asker: Asker,
  ): Promise<Dereferenced> {
    const url = parseDidUrl(text);
    const method = this.#methods.get(url.method);
    if (method === undefined)
      throw resolutionError("resolution.method", `did:${url.method.slice(0, 40)} is not resolved here`, {
        methods: [...this.#methods.keys()],
      });
    const wanted = mergeOptions(url, options);
    const { document, text: json, metadata } = await method.resolve(url, optionsFor(method, wanted), asker);
    // Most ask for no more than that.
    if (wanted.size === 0 && url.fragment === undefined && url.path === "" && document !== null)
      return { content: document, text: json, metadata, whole: true };
    if (document === null) return { content: null, metadata, whole: url.fragment === undefined };
    // No method here gives paths or other parameters a meaning.
    if (url.path !== "" || [...url.parameters.keys()].some((name) => !PARAMETERS.has(name)))
      throw resolutionError("resolution.not-found", "nothing is known of this path or parameter", { did: url.did });
    const selected = selectServices(document, {
      service: wanted.get("service"),
      serviceType: wanted.get("serviceType"),
      relativeRef: wanted.get("relativeRef"),
      fragment: url.fragment,
    });
    if (url.fragment === undefined)
      return selected === undefined
        ? { content: document, text: json, metadata, whole: true }
        : { content: selected.document, metadata, whole: true, endpoints: selected.endpoints };
    const part = findInDocument(document, url.fragment);
    // Behind a selected service the fragment is the endpoint's, and may be no part of the document.
    if (part === undefined && selected === undefined)
      throw resolutionError("resolution.not-found", "the DID document has no such part", { did: url.did });
    return {
      content: part ?? null,
      metadata,
      whole: false,
      ...(selected === undefined ? {} : { endpoints: selected.endpoints }),
    };
  }
}

function mergeOptions(
  url: ParsedDidUrl,
  options: Readonly<Record<string, string | number>>,
): ReadonlyMap<string, string> {
  const beside = Object.entries(options);
  if (beside.length === 0) return url.parameters;
  const merged = new Map(url.parameters);
  for (const [name, given] of beside) {
    const value = String(given);
    if (!OPTIONS.has(name))
      throw resolutionError("resolution.feature", `there is no option ${name.slice(0, 40)}`, {
        feature: name.slice(0, 40),
      });
    if (merged.has(name) && merged.get(name) !== value)
      throw resolutionError("resolution.options", `${name} is one thing in the DID URL and another beside it`, {
        option: name,
      });
    merged.set(name, value);
  }
  return merged;
}

function optionsFor(method: DidMethod, wanted: ReadonlyMap<string, string>): MethodOptions {
  if (wanted.size === 0) return {};
  const options: { [Option in MethodOption]?: string } = {};
  for (const name of METHOD_OPTIONS) {
    const value = wanted.get(name);
    if (value === undefined) continue;
    if (!method.options.includes(name))
      throw resolutionError("resolution.feature", `did:${method.name} has no ${name}`, { feature: name });
    options[name] = value;
  }
  if (options.versionId !== undefined && options.versionTime !== undefined)
    throw resolutionError("resolution.options", "versionId and versionTime exclude each other", {
      option: "versionTime",
    });
  return options;
}
