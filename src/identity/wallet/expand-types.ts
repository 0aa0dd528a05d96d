import { isHansaError, type Json, type JsonObject, Lru } from "#base";
import { bundledContext } from "../credentials/contexts/bundled-contexts.ts";
import { type ActiveContext, emptyContext, expandName, listOf } from "../credentials/terms/active-context.ts";
import { processContext } from "../credentials/terms/process-context.ts";

/** Terms that the contexts of one credential may define. */
const MAX_TERMS = 4096;
/** Lists of contexts that are kept, and the longest text of one: a wallet's credentials have few among them. */
const KEPT = { lists: 64, length: 16_384 };
const kept = new Lru<string, ActiveContext>(KEPT.lists);

/**
 * Types of a credential as IRIs, which DCQL compares (OpenID4VP 1.0 §B.1.1.2), and as they stand in the document, which many verifiers ask
 * for.
 */
export function expandTypes(document: JsonObject): string[] {
  const types = listOf(document["type"] ?? []).filter((type): type is string => typeof type === "string");
  const context = document["@context"];
  if (context === undefined) return types;
  try {
    const active = activeContextOf(context);
    const iris = types.map((type) => expandName(type, active)).filter((iri) => typeof iri === "string");
    return [...new Set([...types, ...iris])];
  } catch (error) {
    // With contexts that nobody has here, the names are all that is known.
    if (isHansaError(error, "credentials.context")) return types;
    throw error;
  }
}

function activeContextOf(context: Json): ActiveContext {
  const text = JSON.stringify(context);
  const known = kept.get(text);
  if (known !== undefined) return known;
  const made = processContext(emptyContext({ terms: MAX_TERMS }), context, { contexts: bundledContext });
  if (text.length <= KEPT.length) kept.set(text, made);
  return made;
}
