// JSON-LD and RDF libraries: they have no types of their own. Only what is used here.

declare module "jsonld" {
  export interface JsonLdOptions {
    readonly documentLoader: (url: string) => Promise<object>;
    readonly contextResolver: object;
    readonly base: null;
    readonly safe: true;
    readonly rdfDirection?: "i18n-datatype";
    readonly produceGeneralizedRdf?: false;
  }
  const jsonld: {
    toRDF(document: object, options: JsonLdOptions & { readonly format: "application/n-quads" }): Promise<string>;
    toRDF(document: object, options: JsonLdOptions): Promise<readonly object[]>;
  };
  export default jsonld;
}

declare module "jsonld/lib/ContextResolver.js" {
  export interface SharedCache {
    get(key: string): object | undefined;
    set(key: string, resolved: object): void;
  }
  /** A context on its way to be processed, with what became of it before by the active context it was processed in. */
  export interface ResolvedContext {
    readonly document: unknown;
    setProcessed(active: object, processed: { readonly events: readonly object[] }): void;
  }
  export default class ContextResolver {
    constructor(options: { readonly sharedCache: SharedCache });
    resolve(parameters: object): Promise<readonly ResolvedContext[]>;
  }
}

declare module "jsonld/lib/context.js" {
  /** What a term means (`Context Processing` of JSON-LD 1.1 API), under the keywords of its definition. */
  export interface TermMapping {
    readonly "@id": string | null;
    readonly "@type"?: string;
    readonly "@container"?: readonly string[];
    readonly "@context"?: unknown;
    readonly "@language"?: string | null;
    readonly "@direction"?: string | null;
    readonly "@nest"?: string;
    readonly "@index"?: string;
    readonly reverse: boolean;
  }
  export interface ActiveContext {
    readonly mappings: ReadonlyMap<string, TermMapping | null>;
    readonly previousContext?: ActiveContext;
    readonly "@vocab"?: string;
    readonly "@language"?: string;
    readonly "@direction"?: string;
  }
  const context: {
    getInitialContext(options: object): ActiveContext;
    process(parameters: {
      readonly activeCtx: ActiveContext;
      readonly localCtx: unknown;
      readonly options: object;
      readonly propagate?: boolean;
      readonly overrideProtected?: boolean;
    }): Promise<ActiveContext>;
  };
  export default context;
}

declare module "rdf-canonize" {
  export interface CanonizeOptions {
    readonly algorithm: "RDFC-1.0";
    readonly format: "application/n-quads";
    readonly inputFormat?: "application/n-quads";
    readonly messageDigestAlgorithm?: "SHA-256" | "SHA-384";
    readonly maxWorkFactor?: number;
    readonly canonicalIdMap?: Map<string, string>;
  }
  export function canonize(dataset: readonly object[] | string, options: CanonizeOptions): Promise<string>;
}
