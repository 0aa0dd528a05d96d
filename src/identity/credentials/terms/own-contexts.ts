import type { Json, JsonObject } from "#base";
import { isObject } from "../document-parts.ts";
import { credentialError } from "../errors.ts";
import { isKeyword, listOf } from "./active-context.ts";

/** Where the name at the end of an IRI begins. */
const DELIMITERS = "/#?:";

const nameIn = (iri: string): string => {
  let start = iri.length;
  while (start > 0 && !DELIMITERS.includes(iri.charAt(start - 1))) start--;
  return iri.slice(start);
};

const refuse = (problem: string, term: string) =>
  credentialError("credentials.context", `a context that stands in the document ${problem}`, {
    problem,
    term: term.slice(0, 100),
  });

/**
 * Checks that a context which stands in a document itself calls each term as its IRI ends (and perhaps a word more), and gives keywords no other names.
 *
 * A signature over RDF covers IRIs, and neither names nor contexts: whoever holds a document could write `{"role": "…#nickname"}` into it,
 * and all who read its JSON would see his nickname as his role (VC Data Integrity §2.4.1). Contexts that are named by a URL are the
 * verifier's own choice.
 *
 * @param context - of any node; contexts by URL in it are passed over
 * @throws HansaError `credentials.context`
 */
export function checkOwnContext(context: Json | undefined): void {
  for (const one of listOf(context)) if (isObject(one)) checkDefinitions(one);
}

function checkDefinitions(context: JsonObject): void {
  const { "@vocab": vocab, "@base": base } = context;
  if (typeof vocab === "string" && nameIn(vocab) !== "") throw refuse("has a @vocab that ends within a name", "@vocab");
  if (base !== undefined && base !== null) throw refuse("has @base", "@base");
  for (const [name, definition] of Object.entries(context)) {
    if (name.startsWith("@")) continue;
    if (typeof definition === "string") checkName(name, definition);
    else if (isObject(definition)) checkDefinition(name, definition);
  }
}

function checkDefinition(name: string, definition: JsonObject): void {
  const { "@id": iri, "@context": scoped, "@prefix": prefix } = definition;
  if ("@reverse" in definition) throw refuse("has a term that says a thing from its other end", name);
  if (typeof iri === "string") {
    checkName(name, iri);
    if (prefix === true && nameIn(iri) !== "") throw refuse("has a prefix that ends within a name", name);
  }
  checkOwnContext(scoped);
}

/**
 * Whether a name is the IRI's, or goes on from it by another word: `expirationDate` of `…:expiration` is what the W3C's own tests have.
 */
function continues(own: string, name: string): boolean {
  return name.startsWith(own) && (name.length === own.length || /[A-Z]/.test(name.charAt(own.length)));
}

function checkName(name: string, iri: string): void {
  if (isKeyword(iri)) {
    if (iri !== `@${name}` || (name !== "id" && name !== "type")) throw refuse("gives a keyword another name", name);
    return;
  }
  // What ends in a delimiter is the beginning of others.
  const own = nameIn(iri);
  if (own !== "" && !continues(own, nameIn(name))) throw refuse("calls a term otherwise than its IRI does", name);
}
