import ContextResolver, { type ResolvedContext } from "jsonld/lib/ContextResolver.js";
import { isObject } from "../document-parts.ts";
import { credentialError } from "../errors.ts";

/**
 * jsonld's resolver of contexts, with what is kept of a context kept apart from the contexts that stood beside it in a document.
 *
 * jsonld 9.0.0 (`lib/context.js`) keeps things with a context that are not of it, and gives them to every later document:
 * - events, in one list for all contexts of a document: what safe mode has against a document's last context, it would from then on have
 *   against the first one, wherever that stands. One stranger's document would have all others refused.
 * - the importing context with an imported one, in a shape that is none of a processed context, and the imported one within the other.
 *   `check-terms.ts` does not read `@import` anyway, so it is refused here already.
 */
export class SeparateResolver extends ContextResolver {
  override async resolve(parameters: object): Promise<readonly ResolvedContext[]> {
    const resolved = await super.resolve(parameters);
    for (const context of resolved) {
      if (Object.hasOwn(context, "setProcessed")) continue;
      refuseImport(context.document);
      keepApart(context);
    }
    return resolved;
  }
}

function refuseImport(document: unknown): void {
  if (!isObject(document)) return;
  const inner = document["@context"] ?? document;
  if (isObject(inner) && "@import" in inner)
    throw credentialError("credentials.context", "the context has @import", { problem: "has @import" });
}

function keepApart(context: ResolvedContext): void {
  const keep = context.setProcessed;
  context.setProcessed = (active, processed) =>
    // As they are now: those of contexts before it are said there, too, and those of contexts after it are not its own.
    keep.call(context, active, { ...processed, events: [...processed.events] });
}
