import { createHmac, skolemizeCompactJsonLd } from "@digitalbazaar/di-sd-primitives";
import jsonld from "jsonld";
import { canonize } from "rdf-canonize";
import { encodeBase64Url, encodeUtf8, type JsonObject } from "#base";
import type { ContextLibrary } from "../../contexts/context-library.ts";
import { credentialError } from "../../errors.ts";
import { CANONIZE_OPTIONS, jsonLdOptions } from "../rdf/canonize.ts";
import { checkValues, RDF_LIMITS, refuseSize } from "../rdf/limits.ts";
import { refusalOf } from "../rdf/refusals.ts";
import { checkPointers, selectDocument } from "./select.ts";
import { relabelStatements, replaceTerms, sortStatements, splitStatements } from "./statements.ts";

/** What pointers select of a document's statements. */
export interface Group {
  /** Places of the selected statements among all. */
  readonly indexes: ReadonlySet<number>;
  /** The selected statements, with labels of the document's own. */
  readonly unlabelled: readonly string[];
}

/** Statements of a document under labels that tell nothing of the order of what is left out. */
export interface GroupedStatements {
  readonly statements: readonly string[];
  readonly groups: readonly Group[];
  /** Labels as they are signed, by those of the document's own. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Names that stand for blank nodes while parts of a document are selected: a part keeps the name that it has in the whole. */
const SKOLEM = "urn:bnid:";

/**
 * Canonicalises a document with labels made by HMAC, and finds the statements that pointers select (VC-DI-ECDSA §3.4.16,
 * `canonicalizeAndGroup`).
 *
 * @param pointers - one list for each group
 * @throws HansaError as `canonizeDocument`; `credentials.document` where a pointer leads nowhere
 */
export async function groupStatements(
  document: JsonObject,
  hmacKey: Uint8Array,
  pointers: readonly (readonly string[])[],
  library: ContextLibrary,
): Promise<GroupedStatements> {
  for (const list of pointers) checkPointers(list);
  checkValues(document);
  if (JSON.stringify(document).includes(SKOLEM))
    throw credentialError("credentials.document", `the document has ${SKOLEM}, which stands for blank nodes`, {
      problem: SKOLEM,
    });
  try {
    const skolemized = await skolemizeCompactJsonLd({ document, options: jsonLdOptions(library) });
    const own = await readStatements(skolemized.expanded, library);
    const canonical = await canonicalLabels(own);
    const labels = await hmacLabels(canonical, hmacKey);
    const relabel = (statements: readonly string[]) => relabelStatements(statements, (label) => labels.get(label));
    const statements = sortStatements(relabel(own));
    const places = new Map(statements.map((statement, place) => [statement, place]));
    const groups: Group[] = [];
    for (const list of pointers) {
      const selection = selectDocument(skolemized.compact as JsonObject, list);
      const unlabelled = selection === undefined ? [] : await readStatements(selection, library);
      const indexes = relabel(unlabelled).map((statement) => placeOf(statement, places));
      groups.push({ unlabelled, indexes: new Set(indexes.sort((a, b) => a - b)) });
    }
    return { statements, groups, labels };
  } catch (failure) {
    throw refusalOf(failure);
  }
}

function placeOf(statement: string, places: ReadonlyMap<string, number>): number {
  const place = places.get(`${statement}\n`);
  if (place === undefined)
    throw credentialError("credentials.document", "what is selected says something else than the whole", {
      problem: "pointer",
    });
  return place;
}

async function readStatements(document: object, library: ContextLibrary): Promise<readonly string[]> {
  const options = { ...jsonLdOptions(library), format: "application/n-quads" } as const;
  const text = await jsonld.toRDF(document, options);
  return splitStatements(text).map((statement) =>
    replaceTerms(statement, (term) =>
      term.startsWith(`<${SKOLEM}`) ? `_:${term.slice(SKOLEM.length + 1, -1)}` : term,
    ),
  );
}

/** Canonical labels (RDFC-1.0) by those that statements have, both without `_:`. */
export async function canonicalLabels(statements: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const canonicalIdMap = new Map<string, string>();
  const text = statements.map((statement) => `${statement}\n`).join("");
  await canonize(text, { ...CANONIZE_OPTIONS, inputFormat: "application/n-quads", canonicalIdMap });
  if (canonicalIdMap.size > RDF_LIMITS.blankNodes) throw refuseSize("blankNodes");
  const bare = (label: string): string => (label.startsWith("_:") ? label.slice(2) : label);
  return new Map([...canonicalIdMap].map(([from, to]) => [bare(from), bare(to)]));
}

async function hmacLabels(
  canonical: ReadonlyMap<string, string>,
  hmacKey: Uint8Array,
): Promise<ReadonlyMap<string, string>> {
  const hmac = await createHmac({ key: hmacKey });
  const labels = new Map<string, string>();
  for (const [label, name] of canonical) labels.set(label, `u${encodeBase64Url(await hmac.sign(encodeUtf8(name)))}`);
  return labels;
}
