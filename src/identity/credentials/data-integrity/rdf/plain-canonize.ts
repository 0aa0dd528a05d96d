import { encodeHex, encodeUtf8, type Json, type JsonObject, Lru } from "#base";
import type { ContextLibrary } from "../../contexts/context-library.ts";
import { checkValues } from "./limits.ts";
import { type PlainContext, readContext } from "./plain-context.ts";
import { NotPlain, PlainReader, type Term, type Triple, Unlearned } from "./plain-graph.ts";

/** `@context`s that are kept, and the longest; what they are made into takes several times as much. */
const CONTEXTS = { kept: 64, text: 8192 };
/** Rounds of learning scoped contexts for one document. */
const ROUNDS = 12;

/** RDFC-1.0 of plain documents: those that need little of JSON-LD, and nothing of the algorithm's dear part. */
export class PlainCanonizer {
  readonly #library: ContextLibrary;
  readonly #contexts = new Lru<string, PlainContext | "not plain">(CONTEXTS.kept);

  constructor(library: ContextLibrary) {
    this.#library = library;
  }

  /**
   * @param hash - of the suite; it decides the order of blank nodes
   * @returns canonical N-Quads; `undefined` where the general way has to be gone, be it to an error
   */
  async canonize(document: JsonObject, hash: (bytes: Uint8Array) => Uint8Array): Promise<string | undefined> {
    const context = await this.#contextOf(document["@context"]);
    if (context === undefined) return undefined;
    for (let round = 0; round < ROUNDS; round++) {
      const reader = new PlainReader();
      try {
        reader.readDocument(document, context);
        return labelTriples(reader.triples, reader.blankNodes, hash);
      } catch (failure) {
        if (failure instanceof NotPlain) return undefined;
        if (!(failure instanceof Unlearned)) throw failure;
        if (!(await this.#learn(failure))) return undefined;
      }
    }
    return undefined;
  }

  async #contextOf(value: Json | undefined): Promise<PlainContext | undefined> {
    if (value === undefined) return undefined;
    if (typeof value === "object") checkValues(value);
    // The text is what jsonld reads: contexts that differ in no more than an order of members are two.
    const text = JSON.stringify(value);
    const known = this.#contexts.get(text);
    if (known !== undefined) return known === "not plain" ? undefined : known;
    if (text.length > CONTEXTS.text) return undefined;
    const context = await readContext(value, this.#library).catch(() => undefined);
    this.#contexts.set(text, context ?? "not plain");
    return context;
  }

  /** @returns whether jsonld could; where it could not, it is asked again in full, and says why */
  async #learn(unlearned: Unlearned): Promise<boolean> {
    const [context, what, name, scope] = unlearned.learn();
    try {
      if (what === "types") await context.learnTypes(name, this.#library);
      else await context.learnWords(name, scope, this.#library);
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * RDFC-1.0 §4.4 for graphs whose blank nodes all differ in their first degree (step 4); `undefined` for others, and where a statement
 * stands twice, which only jsonld can tell from one that was said twice.
 */
function labelTriples(
  triples: readonly Triple[],
  blankNodes: number,
  hash: (bytes: Uint8Array) => Uint8Array,
): string | undefined {
  const labels = blankNodes === 0 ? [] : labelNodes(triples, blankNodes, hash);
  if (labels === undefined) return undefined;
  const name = (term: Term): string => (typeof term === "number" ? (labels[term] as string) : term);
  const lines = triples.map((triple) => writeTriple(triple, name)).sort();
  for (let i = 1; i < lines.length; i++) if (lines[i] === lines[i - 1]) return undefined;
  return lines.join("");
}

const writeTriple = ({ subject, predicate, object }: Triple, name: (term: Term) => string): string =>
  `${name(subject)} ${predicate} ${name(object)} .\n`;

/** Labels `_:c14n0`… in the order of the nodes' first-degree hashes (§4.6). */
function labelNodes(
  triples: readonly Triple[],
  blankNodes: number,
  hash: (bytes: Uint8Array) => Uint8Array,
): readonly string[] | undefined {
  if (blankNodes === 1) return ["_:c14n0"];
  const about: Triple[][] = Array.from({ length: blankNodes }, () => []);
  for (const triple of triples) {
    if (typeof triple.subject === "number") about[triple.subject]?.push(triple);
    if (typeof triple.object === "number") about[triple.object]?.push(triple);
  }
  const hashes = about.map((mine, node) => {
    const name = (term: Term): string => (typeof term === "number" ? (term === node ? "_:a" : "_:z") : term);
    const lines = mine.map((triple) => writeTriple(triple, name)).sort();
    return encodeHex(hash(encodeUtf8(lines.join(""))));
  });
  const order = [...hashes.keys()].sort((a, b) => ((hashes[a] as string) < (hashes[b] as string) ? -1 : 1));
  const labels = new Array<string>(blankNodes);
  for (const [place, node] of order.entries()) {
    if (place > 0 && hashes[node] === hashes[order[place - 1] as number]) return undefined;
    labels[node] = `_:c14n${place}`;
  }
  return labels;
}
