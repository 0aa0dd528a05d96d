import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isHansaError, type Json, type JsonObject } from "#base";
import { sha256, sha384 } from "#crypto";
import { addContexts, ContextLibrary, libraryOf } from "../../contexts/context-library.ts";
import { canonizeByJsonLd, canonizeDocument } from "./canonize.ts";
import { PlainCanonizer } from "./plain-canonize.ts";

/** A context with what bundled ones rarely have: compact IRIs, words, languages, containers, scopes in scopes, aliases. */
const ODD = "https://odd.example/v1";
const ODD_CONTEXT = {
  "@context": {
    "@version": 1.1,
    ex: "https://ex.example/",
    odd: { "@id": "https://odd.example/terms#", "@prefix": true },
    label: { "@id": "ex:label", "@language": "de" },
    list: { "@id": "ex:list", "@container": "@list" },
    bag: { "@id": "ex:bag", "@container": "@set", "@type": "@id" },
    map: { "@id": "ex:map", "@container": "@language" },
    back: { "@reverse": "ex:forth" },
    json: { "@id": "ex:json", "@type": "@json" },
    none: { "@id": "ex:none", "@type": "@none" },
    word: { "@id": "ex:word", "@type": "@vocab" },
    string: { "@id": "ex:string", "@type": "http://www.w3.org/2001/XMLSchema#string" },
    flag: { "@id": "ex:flag", "@type": "http://www.w3.org/2001/XMLSchema#boolean" },
    till: { "@id": "https://www.w3.org/2018/credentials#validUntil" },
    big: { "@id": "ex:big", "@type": "http://www.w3.org/2001/XMLSchema#double" },
    text: "@value",
    dropped: null,
    grade: { "@id": "ex:grade", "@type": "@vocab", "@context": { good: "ex:good", bad: "ex:bad", type: "ex:type" } },
    part: { "@id": "ex:part", "@context": { size: "ex:partSize" } },
    Part: {
      "@id": "ex:Part",
      "@context": { name: "ex:partName", key: "@id", inner: { "@id": "ex:inner", "@type": "@id" } },
    },
    Shy: { "@id": "ex:Shy", "@context": { "@propagate": true, kind: "@type", size: "ex:shySize" } },
    Spoken: { "@id": "ex:Spoken", "@context": { "@language": "en" } },
    Twisted: { "@id": "ex:Twisted", "@context": { id: "ex:notId", size: "@id" } },
    Vast: { "@id": "ex:Vast", "@context": { "@vocab": "https://vast.example/#" } },
  },
} as const;

/** Where it is a term's own, it may define a protected term anew; beside others it may not. */
const SCOPED = { name: "https://inline.example/name", size: "https://inline.example/size" };
const SCOPING = {
  Other: "https://inline.example/Other",
  part: { "@id": "https://inline.example/part", "@context": SCOPED },
};

const source = addContexts(new Map([[ODD, ODD_CONTEXT as JsonObject]]));
const library = libraryOf(source);
const canonizer = new PlainCanonizer(library);

const V1 = "https://www.w3.org/2018/credentials/v1";
const V2 = "https://www.w3.org/ns/credentials/v2";
const context = fc.constantFrom(
  V2,
  [V2],
  [V2, "https://www.w3.org/ns/credentials/examples/v2"],
  [V2, ODD],
  [V2, "https://www.w3.org/ns/credentials/undefined-terms/v2"],
  [V1, "https://w3id.org/security/data-integrity/v2"],
  [V1, "https://www.w3.org/2018/credentials/examples/v1", "https://www.w3.org/ns/credentials/status/v1"],
  ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
  [V2, { size: "https://inline.example/size" }],
  [V2, { "@vocab": "https://inline.example/#", part: { "@id": "https://inline.example/part", "@type": "@id" } }],
  [{ "@vocab": "https://inline.example/#" }, V2, { inner: "https://inline.example/inner" }],
  [V2, { "@vocab": "relative#" }],
  [V2, { "@vocab": "https://www.w3.org/" }],
  [V2, { ex: "https://ex.example/", size: "ex:other", part: { "@id": "ex:part", "@type": "@id" } }],
  [V2, { "@vocab": "https://inline.example/#", "@reserved": "https://inline.example/reserved" }],
  [V2, { "@vocab": "https://inline.example/#", "@base": "https://base.example/" }],
  [V2, { "@vocab": "https://inline.example/#", "@propagate": false }],
  [V2, { "@vocab": "https://inline.example/#", id: "@id", https: "https://inline.example/scheme/" }],
  [V2, null, { "@vocab": "https://inline.example/#", type: "@type" }],
  { "@vocab": "https://inline.example/#", id: "@id", type: "@type", "@language": "fr" },
  {
    "@vocab": "https://inline.example/#",
    id: "@id",
    type: "@type",
    Renamed: { "@id": "https://inline.example/Renamed", "@context": { type: "https://inline.example/kind", id: null } },
  },
  [V2, { "@language": "123456789" }],
  [V2, { "@import": "https://www.w3.org/ns/credentials/examples/v2", size: "https://inline.example/size" }],
  [V2, SCOPING],
  [V2, SCOPING, SCOPED],
  [V2, "https://unknown.example/v1"],
);

const plainKey = fc.constantFrom(
  ..."name description validFrom issuer credentialSubject credentialStatus evidence termsOfUse statusPurpose".split(
    " ",
  ),
  ..."statusListIndex statusListCredential relatedResource digestSRI mediaType alumniOf degree size inner part".split(
    " ",
  ),
  ..."givenName holder cryptosuite created proofPurpose verificationMethod domain challenge bag grade word key kind string flag till big 2018/credentials#evidence".split(
    " ",
  ),
);
const oddKey = fc.constantFrom(
  ..."@id @type @value @graph @language @context @index proof label list map back json none big text dropped".split(
    " ",
  ),
  ..."ex:thing odd:thing https://absolute.example/term id type statusMessage verifiableCredential undefinedTerm".split(
    " ",
  ),
  "__proto__x",
  "",
  "a b",
);
const type = fc.constantFrom(
  ..."VerifiableCredential BitstringStatusListEntry DataIntegrityProof AlumniCredential Part Shy Spoken".split(" "),
  ..."Renamed Twisted Vast Other Multikey ex:Type https://types.example/T UniversityDegreeCredential name id bad type".split(
    " ",
  ),
);
const iri = fc.constantFrom(
  "did:example:abc",
  "did:example:abc#key-1",
  "https://a.example/1",
  "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
  "mailto:a@b.example",
  "https://ä.example/ü",
);
const oddIri = fc.constantFrom(
  "ex:1",
  "odd:x",
  "relative",
  "_:b0",
  "",
  "@type",
  "https://a b",
  "http://a/<x>",
  "a:",
  "#f",
);
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    '"quoted"',
    "\\",
    "\n\r\t\b\f",
    "\u0000\u001f\u007f",
    "é😀",
    "2024-01-01T00:00:00Z",
    "good",
    "assertionMethod",
  ),
  iri,
);
const scalar: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 2, arbitrary: iri },
  fc.integer(),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom<Json>(0, -0, 1e21, 1e-7, 1.5, 123456789012345680000, 0.1),
);

const { node } = fc.letrec<{ node: JsonObject; value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    { weight: 8, arbitrary: scalar },
    { weight: 1, arbitrary: fc.oneof(oddIri, fc.constant(null)) },
    { weight: 4, arbitrary: tie("node") },
    { weight: 3, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
  ),
  node: fc
    .record({
      members: fc.dictionary(
        fc.oneof({ weight: 90, arbitrary: plainKey }, { weight: 1, arbitrary: oddKey }),
        tie("value"),
        {
          maxKeys: 4,
        },
      ),
      id: fc.option(fc.oneof({ weight: 12, arbitrary: iri }, oddIri), { nil: undefined }),
      type: fc.option(fc.oneof({ weight: 6, arbitrary: type }, fc.array(type, { maxLength: 3 })), { nil: undefined }),
    })
    .map(({ members, id, type }) => ({
      ...members,
      ...(id === undefined ? {} : { id }),
      ...(type === undefined ? {} : { type }),
    })),
}));

const document = fc
  .record({ context, node, types: fc.array(type, { minLength: 1, maxLength: 2 }) })
  .map(({ context, node, types }): JsonObject => ({ ...node, "@context": context as Json, type: types }));

const jsonLd = (value: JsonObject, hash: "SHA-256" | "SHA-384" = "SHA-256") =>
  canonizeByJsonLd(value, library, hash).catch((error: unknown) => {
    if (!isHansaError(error)) throw error;
    return error.code;
  });

describe("the plain way from JSON-LD to canonical RDF", () => {
  it("comes to what jsonld and rdf-canonize come to, or leaves the document to them", async () => {
    let plain = 0;
    let all = 0;
    await fc.assert(
      fc.asyncProperty(document, async (value) => {
        const found = await canonizer.canonize(value, sha256);
        all++;
        if (found === undefined) return;
        plain++;
        expect(found).toBe(await jsonLd(value));
      }),
      { numRuns: 2500 },
    );
    // Else the property would say little.
    expect(plain / all).toBeGreaterThan(0.05);
  });

  it("comes to the same for a document whatever was read before it", async () => {
    const read = (value: JsonObject, library: ContextLibrary) =>
      canonizeDocument(value, library).catch((error: unknown) => {
        if (!isHansaError(error)) throw error;
        return { ...error.payload, code: error.code };
      });
    await fc.assert(
      fc.asyncProperty(fc.array(document, { minLength: 2, maxLength: 5 }), async (values) => {
        const library = new ContextLibrary(source);
        for (const value of values)
          expect(await read(value, library)).toEqual(await read(value, new ContextLibrary(source)));
      }),
      { numRuns: 100 },
    );
  });

  it("labels many blank nodes as they do, with either hash", async () => {
    const claim = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.oneof(fc.integer({ max: 3, min: 0 }), iri), {
      minKeys: 1,
    });
    const claims = fc.array(fc.oneof(claim, fc.record({ a: claim, e: fc.array(claim, { maxLength: 4 }) })), {
      maxLength: 8,
    });
    let plain = 0;
    await fc.assert(
      fc.asyncProperty(claims, async (items) => {
        const value = {
          "@context": [V2, "https://www.w3.org/ns/credentials/examples/v2"],
          type: "VerifiableCredential",
          credentialSubject: items as unknown as Json,
        };
        for (const [hash, name] of [
          [sha256, "SHA-256"],
          [sha384, "SHA-384"],
        ] as const) {
          const found = await canonizer.canonize(value, hash);
          if (found === undefined) continue;
          plain++;
          expect(found).toBe(await jsonLd(value, name));
        }
      }),
      { numRuns: 300 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it("takes the contexts of types in the order of their names, wherever the document has them", async () => {
    const term = (iri: string) => ({
      "@id": `https://a.example/${iri}`,
      "@context": { size: `https://a.example/${iri}/size` },
    });
    for (const types of [
      ["First", "Second"],
      ["Second", "First"],
    ]) {
      const value = {
        "@context": { id: "@id", type: "@type", First: term("First"), Second: term("Second") },
        type: types,
        size: 1,
      };
      const found = await canonizer.canonize(value, sha256);
      expect(found).toContain("<https://a.example/Second/size>");
      expect(found).toBe(await jsonLd(value));
    }
  });

  it("takes a type with a line break in its name for one type, and not for two", async () => {
    const term = (name: string) => ({
      "@id": `https://a.example/${name}#`,
      "@context": { size: `https://a.example/${name}/size` },
    });
    const context = {
      id: "@id",
      type: "@type",
      First: term("First"),
      Second: term("Second"),
      "First\nSecond": term("Both"),
    };
    for (const [type, name] of [
      ["First\nSecond", "Both"],
      [["First", "Second"], "Second"],
      ["First\nSecond", "Both"],
    ] as const) {
      const value = { "@context": context, type: type as Json, size: 1 };
      const found = await canonizer.canonize(value, sha256);
      expect(found).toContain(`<https://a.example/${name}/size>`);
      expect(found).toBe(await jsonLd(value));
    }
  });
});
