import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HansaError, type Json, type JsonObject } from "#base";
import { bundledContext, CREDENTIALS_V1, CREDENTIALS_V2 } from "../contexts/bundled-contexts.ts";
import { checkTerms } from "./check-terms.ts";

fc.configureGlobal({ seed: 11, numRuns: 300 });

const EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2";

/** By a computed name: the library has no types of its own. */
const library: string = "jsonld";
const jsonld = ((await import(library)) as { default: { toRDF(document: object, options: object): Promise<unknown> } })
  .default;

async function documentLoader(url: string): Promise<object> {
  const document = bundledContext(url);
  if (document === undefined) throw new Error("unknown context");
  return { contextUrl: null, documentUrl: url, document };
}

/** What jsonld says in its safe mode, which refuses whatever would be lost. */
async function accepts(document: JsonObject): Promise<boolean> {
  try {
    await jsonld.toRDF(structuredClone(document), {
      safe: true,
      base: null,
      rdfDirection: "i18n-datatype",
      documentLoader,
    });
    return true;
  } catch {
    return false;
  }
}

function codeOf(document: JsonObject): string | undefined {
  try {
    checkTerms(document);
    return undefined;
  } catch (error) {
    if (error instanceof HansaError) return error.code;
    throw error;
  }
}

const base = (members: JsonObject, ...contexts: Json[]): JsonObject => ({
  "@context": [CREDENTIALS_V2, ...contexts],
  type: ["VerifiableCredential"],
  issuer: "did:example:issuer",
  credentialSubject: { id: "did:example:subject" },
  ...members,
});
const claims = (subject: JsonObject, ...contexts: Json[]) => base({ credentialSubject: subject }, ...contexts);
const OWN = {
  "@protected": true,
  ex: "https://example.org/v#",
  Meter: {
    "@id": "ex:Meter",
    "@context": { "@protected": true, serial: "ex:serial", part: { "@id": "ex:part", "@type": "@id" } },
  },
  owner: { "@id": "ex:owner", "@context": { title: "ex:title" } },
  labels: { "@id": "ex:labels", "@container": "@language" },
  byKey: { "@id": "ex:byKey", "@container": "@index" },
  raw: { "@id": "ex:raw", "@type": "@json" },
  list: { "@id": "ex:list", "@container": "@list" },
};

describe("terms that are defined", () => {
  it.each<[string, JsonObject]>([
    ["those of the data model", base({ name: "A", validFrom: "2026-01-01T00:00:00Z" })],
    ["any, under the examples' context", claims({ whatever: { deeper: [1, { type: "Thing" }] } }, EXAMPLES)],
    ["of a type's context", claims({ type: "Meter", serial: "1" }, OWN)],
    ["of a property's context", claims({ owner: { title: "Dr" } }, OWN)],
    ["keys of a language map", claims({ labels: { en: "x", fr: "y" } }, OWN)],
    ["keys of an index", claims({ byKey: { any: { title: "no" } } }, OWN, { title: "ex:title" })],
    ["JSON in which anything goes", claims({ raw: { nobody: { knows: [{ this: 1 }] } } }, OWN)],
    ["compact and absolute IRIs", claims({ "ex:a": 1, "https://example.org/b": { type: "ex:T" } }, OWN)],
    ["in lists", claims({ list: [{ type: "Meter", serial: "1" }] }, OWN)],
    [
      "in a context of a node's own",
      claims({ more: { "@context": { deep: "https://example.org/d" }, deep: 1 } }, OWN, { more: "ex:more" }),
    ],
    [
      "of a type behind the plain properties of another",
      claims({ type: "Meter", part: { type: "Meter", serial: "2" } }, OWN),
    ],
    ["a protected one, said again in the same words", base({}, OWN, OWN)],
    [
      "a protected one, said again in other words",
      base({}, OWN, { ex: "https://example.org/v#", raw: { "@id": "https://example.org/v#raw", "@type": "@json" } }),
    ],
    ["language values", base({ name: [{ "@value": "x", "@language": "en", "@direction": "ltr" }] })],
    [
      "a status entry's",
      base({
        credentialStatus: {
          type: "BitstringStatusListEntry",
          statusListIndex: "1",
          statusPurpose: "revocation",
          statusListCredential: "https://example.org/1",
        },
      }),
    ],
  ])("pass: %s", async (_, document) => {
    expect(codeOf(document)).toBe(undefined);
    expect(await accepts(document)).toBe(true);
  });
});

describe("terms that are not", () => {
  it.each<[string, JsonObject, string]>([
    ["a claim", claims({ id: "did:example:s", serial: "1" }), "credentials.term"],
    ["a member of the credential", base({ nobody: 1 }), "credentials.term"],
    ["a type", base({ type: ["VerifiableCredential", "Nobody"] }), "credentials.term"],
    ["a type deeper down", base({ evidence: { type: "Nobody" } }), "credentials.term"],
    ["a term of a type that is not there", claims({ type: "ex:Other", serial: "1" }, OWN), "credentials.term"],
    [
      "a type's term one level deeper",
      claims({ type: "Meter", part: { id: "did:example:p", serial: "2" } }, OWN),
      "credentials.term",
    ],
    ["a property's term outside of it", claims({ title: "Dr" }, OWN), "credentials.term"],
    ["what looks like a keyword", claims({ "@nobody": 1, id: "did:example:x" }), "credentials.term"],
    ["a term that a context takes away", claims({ gone: 1 }, { gone: null }), "credentials.term"],
    ["an unknown prefix without an IRI", claims({ "a b:c": 1 }, OWN), "credentials.term"],
    ["a context that is not bundled", base({}, "https://example.org/unknown"), "credentials.context"],
    [
      "a protected term redefined",
      base({}, { VerifiableCredential: "https://example.org/Bad" }),
      "credentials.context",
    ],
    ["a term of one's own redefined", base({}, OWN, { owner: "https://example.org/other" }), "credentials.context"],
    ["a term that maps to no IRI", base({}, { Test: "https ://not-a-url#Test" }), "credentials.context"],
    ["terms that depend on each other in a circle", base({}, { a: "b:x", b: "a:y" }), "credentials.context"],
    ["a keyword redefined", base({}, { "@id": "https://example.org/id" }), "credentials.context"],
    ["null, which would take protected terms away", base({}, null), "credentials.context"],
    ["a number for a context", base({}, 7), "credentials.context"],
    ["another version", base({}, { "@version": 1 }), "credentials.context"],
    ["both data models at once", base({}, CREDENTIALS_V1), "credentials.context"],
  ])("are refused: %s", async (_, document, code) => {
    expect(codeOf(document)).toBe(code);
    expect(await accepts(document)).toBe(false);
  });

  it("passes a document of many nodes under one context where others have filled the room for contexts", () => {
    const nodes = (count: number, name: (i: number) => string) =>
      claims({ more: Array.from({ length: count }, (_, i) => ({ "@context": { [name(i)]: "ex:t" } })) }, OWN, {
        more: "ex:more",
      });
    for (let round = 0; round < 4; round++) expect(codeOf(nodes(250, (i) => `t${round}-${i}`))).toBeUndefined();
    expect(codeOf(nodes(1000, () => "same"))).toBeUndefined();
  });

  it("says the same of a document whatever was read before it, where a type gives the next one's name another meaning", async () => {
    const own = {
      ex: "https://example.org/v#",
      value: "ex:value",
      First: {
        "@id": "ex:First",
        "@context": { Second: { "@id": "ex:Other", "@context": { other: "ex:other" } } },
      },
      Second: { "@id": "ex:Second", "@context": { second: "ex:second" } },
    };
    const documents = [
      claims({ type: "First", value: { "@type": "Second", "@value": "1" } }, own),
      claims({ type: ["First", "Second"], second: 1 }, own),
    ];
    for (const document of documents) expect(await accepts(document)).toBe(true);
    for (const order of [documents, documents.toReversed()]) {
      // A source of its own: what is kept, is kept by the source.
      const contexts = (url: string) => bundledContext(url);
      for (const document of order) expect(() => checkTerms(document, contexts)).not.toThrow();
    }
  });

  it("refuses what it does not carry out, though JSON-LD has it", () => {
    expect(codeOf(base({}, { "@import": EXAMPLES }))).toBe("credentials.context");
    expect(codeOf(base({}, { "@base": "https://example.org/" }))).toBe("credentials.context");
  });

  it.each<[string, JsonObject]>([
    ["too many in a list", base({}, ...Array.from({ length: 40 }, () => ({})))],
    ["too many terms", base({}, Object.fromEntries(Array.from({ length: 2100 }, (_, i) => [`t${i}`, "ex:a"])))],
    ["too long a context", base({}, { x: `https://example.org/${"x".repeat(70_000)}` })],
    [
      "too many contexts of their own",
      claims({ more: Array.from({ length: 300 }, (_, i) => ({ "@context": { [`t${i}`]: "ex:t" } })) }, OWN, {
        more: "ex:more",
      }),
    ],
  ])("refuses what would cost too much: %s", (_, document) => {
    expect(codeOf(document)).toBe("credentials.context");
  });

  it("goes on where no more of what follows from a list of contexts is kept", () => {
    const own = { ...OWN, more: "ex:more" };
    for (let round = 0; round < 8; round++) {
      const nodes = Array.from({ length: 200 }, (_, i) => ({
        "@context": { [`t${round}x${i}`]: "ex:t" },
        [`t${round}x${i}`]: 1,
      }));
      expect(codeOf(claims({ more: nodes }, own))).toBe(undefined);
      expect(codeOf(claims({ more: [...nodes, { nobody: 1 }] }, own))).toBe("credentials.term");
    }
  });

  it("says where the term stands", () => {
    expect(() => checkTerms(claims({ a: { nested: 1 } }, { a: "https://example.org/a" }))).toThrow(
      expect.objectContaining({ payload: { path: "/credentialSubject/a/nested", term: "nested" } }),
    );
  });
});

describe("against jsonld in its safe mode", () => {
  const names = [
    "type",
    "serial",
    "part",
    "owner",
    "title",
    "labels",
    "byKey",
    "raw",
    "list",
    "name",
    "ex:a",
    "nobody",
  ];
  const types = ["Meter", "VerifiableCredential", "ex:T", "Nobody", "JsonSchema", "BitstringStatusList"];
  const { node } = fc.letrec<{ node: JsonObject; value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom<Json>("text", 1, true),
      tie("node"),
      fc.array(tie("node"), { minLength: 1, maxLength: 2 }) as fc.Arbitrary<Json>,
    ),
    node: fc
      .tuple(
        fc.uniqueArray(fc.constantFrom(...names), { maxLength: 4 }),
        fc.array(tie("value"), { minLength: 4, maxLength: 4 }),
        fc.constantFrom(...types),
      )
      .map(([keys, values, type]) =>
        Object.fromEntries(
          keys.map((key, i): [string, Json] => {
            if (key === "type") return [key, type];
            if (key === "labels") return [key, { en: "x" }];
            return [key, values[i] as Json];
          }),
        ),
      ) as fc.Arbitrary<JsonObject>,
  }));
  const contexts = fc.constantFrom<Json[]>([OWN], [OWN, { title: "ex:title" }], [OWN, EXAMPLES]);

  it("takes and refuses the same documents", async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(node, contexts, async (subject, more) => {
        const document = claims({ id: "did:example:s", ...subject }, ...more);
        const ours = codeOf(document) === undefined;
        if (ours) taken++;
        expect(ours).toBe(await accepts(document));
      }),
    );
    expect(taken).toBeGreaterThan(30);
    expect(taken).toBeLessThan(270);
  });
});
