import { isHansaError, type JsonObject } from "#base";
import { bundledContext } from "../credentials/contexts/bundled-contexts.ts";
import { emptyContext, expandName, listOf } from "../credentials/terms/active-context.ts";
import { processContext } from "../credentials/terms/process-context.ts";

/**
 * Types of a credential as IRIs, which DCQL compares (OpenID4VP 1.0 §B.1.1.2), and as they stand in the document, which many verifiers ask
 * for.
 */
export function expandTypes(document: JsonObject): string[] {
  const types = listOf(document["type"] ?? []).filter((type): type is string => typeof type === "string");
  const context = document["@context"];
  if (context === undefined) return types;
  try {
    const active = processContext(emptyContext({ terms: 65_536 }), context, { contexts: bundledContext });
    const iris = types.map((type) => expandName(type, active)).filter((iri) => typeof iri === "string");
    return [...new Set([...types, ...iris])];
  } catch (error) {
    // With contexts that nobody has here, the names are all that is known.
    if (isHansaError(error, "credentials.context")) return types;
    throw error;
  }
}
