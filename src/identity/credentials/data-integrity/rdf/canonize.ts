import jsonld from "jsonld";
import { canonize as canonizeDataset } from "rdf-canonize";
import type { JsonObject } from "#base";
import { sha256, sha384 } from "#crypto";
import type { ContextLibrary } from "../../contexts/context-library.ts";
import { checkCompactForm } from "../../terms/check-terms.ts";
import { checkValues, RDF_LIMITS, refuseSize } from "./limits.ts";
import { PlainCanonizer } from "./plain-canonize.ts";
import { refusalOf } from "./refusals.ts";

/** Hash of a suite, within RDFC-1.0 and over what comes of it. */
export type RdfHash = "SHA-256" | "SHA-384";

const HASHES = { "SHA-256": sha256, "SHA-384": sha384 } as const;

/** Hashes bytes as a suite does. */
export function hashAs(hash: RdfHash, bytes: Uint8Array): Uint8Array {
  return HASHES[hash](bytes);
}

const plain = new WeakMap<ContextLibrary, PlainCanonizer>();

function plainOf(library: ContextLibrary): PlainCanonizer {
  const known = plain.get(library);
  if (known !== undefined) return known;
  const made = new PlainCanonizer(library);
  plain.set(library, made);
  return made;
}

/**
 * Canonical N-Quads (RDFC-1.0) of a JSON-LD document, in safe mode: what RDF would drop is refused.
 *
 * @throws HansaError `credentials.term` for a term that no context defines and whatever else would be dropped, `credentials.context`,
 * `credentials.document`
 */
export async function canonizeDocument(
  document: JsonObject,
  library: ContextLibrary,
  hash: RdfHash = "SHA-256",
): Promise<string> {
  return (await plainOf(library).canonize(document, HASHES[hash])) ?? (await canonizeByJsonLd(document, library, hash));
}

/** What `canonizeDocument` does for documents that are not plain. */
export async function canonizeByJsonLd(
  document: JsonObject,
  library: ContextLibrary,
  hash: RdfHash = "SHA-256",
): Promise<string> {
  checkValues(document);
  try {
    const dataset = await jsonld.toRDF(document, { ...jsonLdOptions(library), produceGeneralizedRdf: false });
    checkBlankNodes(dataset);
    const quads = dataset as readonly Quad[];
    checkCompactForm(
      document,
      library.find,
      quads.map(({ predicate }) => predicate.value),
    );
    return await canonizeDataset(dataset, { ...CANONIZE_OPTIONS, messageDigestAlgorithm: hash });
  } catch (failure) {
    throw refusalOf(failure);
  }
}

/** Permutations of blank nodes that look alike are tried as often as there are such nodes, no more. */
export const CANONIZE_OPTIONS = {
  algorithm: "RDFC-1.0",
  format: "application/n-quads",
  maxWorkFactor: 1,
} as const;

/** Options of jsonld for one operation. */
export function jsonLdOptions(library: ContextLibrary) {
  return {
    documentLoader: library.load,
    contextResolver: library.resolver(),
    base: null,
    safe: true,
    rdfDirection: "i18n-datatype",
  } as const;
}

interface Quad {
  readonly subject: { readonly termType: string; readonly value: string };
  readonly predicate: { readonly value: string };
  readonly object: { readonly termType: string; readonly value: string };
}

function checkBlankNodes(dataset: readonly object[]): void {
  const seen = new Set<string>();
  for (const { subject, object } of dataset as readonly Quad[])
    for (const term of [subject, object]) if (term.termType === "BlankNode") seen.add(term.value);
  if (seen.size > RDF_LIMITS.blankNodes) throw refuseSize("blankNodes");
}
