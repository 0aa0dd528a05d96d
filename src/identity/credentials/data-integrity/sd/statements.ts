import { credentialError } from "../../errors.ts";

/** Terms of one statement in canonical N-Quads: subject, predicate, object, graph. */
const STATEMENT =
  /^(_:\S+|<[^>]*>) (<[^>]*>) (_:\S+|<[^>]*>|"(?:[^"\\]|\\.)*"(?:\^\^<[^>]*>|@[^\s]+)?)(?: (_:\S+|<[^>]*>))? \.$/su;

/** Lines of canonical N-Quads, each with its end. */
export function splitStatements(text: string): readonly string[] {
  return text.split("\n").slice(0, -1);
}

/**
 * Statements with other terms. Only terms are replaced: text that looks like a label stays what it is, or a holder could change it
 * without breaking a signature.
 *
 * @param replace - of subjects, objects and graphs that are no literals
 */
export function replaceTerms(statement: string, replace: (term: string) => string): string {
  const found = STATEMENT.exec(statement);
  if (found === null)
    throw credentialError("credentials.document", "a statement is not canonical N-Quads", { problem: "unreadable" });
  const [, subject, predicate, object, graph] = found as unknown as readonly [
    string,
    string,
    string,
    string,
    string | undefined,
  ];
  const replaced = object.startsWith('"') ? object : replace(object);
  return `${replace(subject)} ${predicate} ${replaced}${graph === undefined ? "" : ` ${replace(graph)}`} .`;
}

/** Statements with labels of blank nodes replaced, by the labels without `_:`. */
export function relabelStatements(
  statements: readonly string[],
  labelOf: (label: string) => string | undefined,
): readonly string[] {
  const replace = (term: string): string => {
    if (!term.startsWith("_:")) return term;
    const label = labelOf(term.slice(2));
    if (label === undefined)
      throw credentialError("credentials.proof", "a blank node has no label in the proof", { problem: "proofValue" });
    return `_:${label}`;
  };
  return statements.map((statement) => replaceTerms(statement, replace));
}

/** Statements as they are signed, each with its end, in the order of UTF-16 units that all implementations have. */
export function sortStatements(statements: readonly string[]): readonly string[] {
  return statements.map((statement) => `${statement}\n`).sort();
}
