import { HansaError } from "#base";
import { credentialError } from "../../errors.ts";

/** An error of jsonld, as far as it is looked into. */
interface JsonLdFailure {
  readonly name?: string;
  readonly message?: string;
  readonly details?: {
    readonly code?: string;
    readonly term?: string;
    readonly url?: string;
    readonly cause?: unknown;
    readonly event?: { readonly code: string; readonly details?: Readonly<Record<string, unknown>> };
  };
}

/** Members of an event's details that name what was at fault; values of claims are in none of them. */
const NAMES = ["property", "type", "term", "id", "subject", "predicate", "graph", "language", "vocab"] as const;

const shorten = (value: unknown): string | undefined => (typeof value === "string" ? value.slice(0, 200) : undefined);

/**
 * What a failure of jsonld or rdf-canonize means to whoever sent the document.
 *
 * Safe mode turns whatever would be dropped on the way to RDF into an event; that is the refusal of unknown terms, of relative IRIs, and
 * of all else that a signature would not cover.
 */
export function refusalOf(failure: unknown): HansaError {
  for (let at: unknown = failure, depth = 0; depth < 8 && at !== undefined && at !== null; depth++) {
    if (at instanceof HansaError) return at;
    at = (at as JsonLdFailure).details?.cause ?? (at as { cause?: unknown }).cause;
  }
  const { name, message, details } = (failure ?? {}) as JsonLdFailure;
  if (details?.event !== undefined) {
    const { code, details: found } = details.event;
    const named = NAMES.find((member) => shorten(found?.[member]) !== undefined);
    const term = named === undefined ? undefined : shorten(found?.[named]);
    return credentialError("credentials.term", `the document has what RDF would not: ${code}`, {
      problem: code,
      ...(term === undefined ? {} : { term }),
    });
  }
  if (name?.startsWith("jsonld.") === true) {
    const code = shorten(details?.code) ?? name;
    const about = shorten(details?.term) ?? shorten(details?.url);
    return credentialError("credentials.document", `the document is not JSON-LD: ${code}`, {
      problem: code,
      ...(about === undefined ? {} : { path: about }),
    });
  }
  if (message?.startsWith("Maximum deep iterations") === true)
    return credentialError("credentials.document", "the graph of the document is too intricate to be canonicalised", {
      problem: "intricate graph",
    });
  return credentialError("credentials.document", "the document cannot be read as RDF", { problem: "unreadable" });
}
