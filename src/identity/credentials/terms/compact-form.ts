import type { Json, JsonObject } from "#base";
import { refuseDocument } from "../document-parts.ts";
import { type ActiveContext, expandName, type Term } from "./active-context.ts";

/** Vocabularies whose terms decide whether a credential holds; in the contexts of the data model each is called as its IRI ends. */
const OF_DATA_MODEL = ["https://www.w3.org/2018/credentials#", "https://www.w3.org/ns/credentials/status#"];

const isOfDataModel = (iri: string): boolean => OF_DATA_MODEL.some((vocabulary) => iri.startsWith(vocabulary));

/** Whether an IRI is one of the data model's, and the name another than its own. */
export function isMisnamed(name: string, iri: string): boolean {
  return OF_DATA_MODEL.some((vocabulary) => iri.startsWith(vocabulary) && iri.slice(vocabulary.length) !== name);
}

/** Parts of a credential that this program reads as JSON to find whether it holds. */
const READ_PARTS = new Set(["", "/credentialSchema", "/credentialStatus", "/relatedResource"]);

/** Members by which the same statements can stand elsewhere, or that are no statements. */
const ELSEWHERE = new Set(["@graph", "@included", "@index", "@nest", "@reverse", "@set"]);

const XSD = "http://www.w3.org/2001/XMLSchema#";
const NATIVE = new Set([`${XSD}boolean`, `${XSD}integer`]);
/** jsonld reads as much of a text as is a number, and drops the rest. */
const DOUBLE = /^[+-]?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,4})?$/;

/**
 * What a document has to be beside JSON-LD so that its JSON says no other thing than its RDF: the compacted form, which Data Model 2.0 §6.1
 * requires. A signature over RDF covers statements, and holds for each text that makes them: one with the expiry under its full IRI, with the
 * status in another node of the same name, with members that make no statement.
 */
export class CompactForm {
  /** Ids of nodes that are more than references, and whether a part that is read was among them. */
  readonly #nodes = new Map<string, boolean>();
  /** Values of the data model's properties, by the properties' IRIs. */
  readonly #values = new Map<string, number>();

  /**
   * Requires that no more was said of the data model's properties than was met in the document. What is met here goes by this program's
   * reading of contexts; where jsonld reads one otherwise, nothing is to hide behind that.
   *
   * @param predicates - of all statements of the document's RDF
   * @throws HansaError `credentials.document`
   */
  checkStatements(predicates: Iterable<string>): void {
    const left = new Map(this.#values);
    for (const predicate of predicates) {
      if (!isOfDataModel(predicate)) continue;
      const count = left.get(predicate) ?? 0;
      if (count === 0) throw refuseDocument("", `says ${predicate.slice(0, 100)} otherwise than by its term`);
      left.set(predicate, count - 1);
    }
  }

  /** @throws HansaError `credentials.document` where a node that is read is written in several places */
  enterNode(node: JsonObject, active: ActiveContext, path: string): void {
    const names = Object.keys(node).filter((name) => name !== "@context");
    const idName = names.find((name) => expandName(name, active) === "@id");
    if (idName === undefined || names.length === 1) return;
    const id = node[idName];
    if (typeof id !== "string") return;
    const isRead = READ_PARTS.has(path);
    const earlier = this.#nodes.get(id);
    if (earlier === true || (isRead && earlier !== undefined))
      throw refuseDocument(path, "is written in several places of the document");
    this.#nodes.set(id, isRead);
  }

  /** @throws HansaError `credentials.document` */
  checkKeyword(keyword: string, name: string, value: Json, parent: string): void {
    const path = `${parent}/${name}`;
    if (ELSEWHERE.has(keyword)) throw refuseDocument(path, `is ${keyword}, which has no place in the compacted form`);
    if (READ_PARTS.has(parent) && (keyword === "@id" || keyword === "@type") && name !== keyword.slice(1))
      throw refuseDocument(path, `is ${keyword} under another name`);
    if (keyword === "@list") checkScalars(value, undefined, path);
  }

  /** @throws HansaError `credentials.document` */
  checkProperty(name: string, iri: string, value: Json, active: ActiveContext, path: string): void {
    const term = active.terms.get(name);
    if (isMisnamed(name, iri) || (term === undefined && name.includes(":") && hasTerm(iri, active)))
      throw refuseDocument(path, "is not written by the term that there is for it");
    if (isOfDataModel(iri)) this.#values.set(iri, (this.#values.get(iri) ?? 0) + countValues(value));
    if (term?.type === "@json") return;
    if (term?.containers.includes("@index") === true)
      throw refuseDocument(path, "is a map of an index, whose keys no signature over RDF covers");
    checkScalars(value, term, path);
    if (term?.containers.includes("@language") === true && typeof value === "object" && value !== null)
      for (const words of Object.values(value)) checkScalars(words as Json, undefined, path);
  }

  /** A value that could be written more plainly is another to whoever reads JSON. @throws HansaError `credentials.document` */
  checkValueObject(value: JsonObject, active: ActiveContext, path: string): void {
    const named = new Map(Object.entries(value).map(([name, member]) => [expandName(name, active), member]));
    const scalar = named.get("@value");
    if (scalar === undefined) return;
    const type = named.get("@type");
    const datatype = typeof type === "string" ? expandName(type, active) : undefined;
    if (datatype === "@json") return;
    if (scalar === null || (named.size === 1 && typeof scalar !== "string") || NATIVE.has(datatype ?? ""))
      throw refuseDocument(path, "is a value object for what is plainly a value, or none");
    if (datatype === `${XSD}double`) requireDouble(scalar, path);
  }
}

/** An empty list is one value where it is a list of RDF, or JSON. */
function countValues(value: Json): number {
  if (!Array.isArray(value)) return 1;
  let count = 0;
  for (const item of value) count += countValues(item);
  return Math.max(1, count);
}

/** Whether a context has a term for an IRI: then it is not written in full. */
function hasTerm(iri: string, active: ActiveContext): boolean {
  if (active.vocab !== undefined && iri.startsWith(active.vocab)) return true;
  for (const term of active.terms.values()) if (term.iri === iri) return true;
  return false;
}

function checkScalars(value: Json, term: Term | undefined, path: string): void {
  if (Array.isArray(value)) {
    for (const item of value) checkScalars(item, term, path);
    return;
  }
  if (value === null) throw refuseDocument(path, "is null, which makes no statement");
  if (typeof value !== "string") return;
  if (term?.type === `${XSD}boolean`) throw refuseDocument(path, "is a text in place of true or false");
  if (term?.type === `${XSD}double`) requireDouble(value, path);
}

function requireDouble(value: Json, path: string): void {
  if (typeof value === "string" && !DOUBLE.test(value)) throw refuseDocument(path, "is no number");
}
