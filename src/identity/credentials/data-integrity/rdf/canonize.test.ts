import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "#base";
import { createSigner } from "#crypto";
import { bundledContext } from "../../contexts/bundled-contexts.ts";
import { addContexts, ContextLibrary, libraryOf } from "../../contexts/context-library.ts";
import type { CredentialSigner } from "../../keys.ts";
import type { DataIntegrityProof } from "../cryptosuite.ts";
import { eddsaRdfc2022 } from "../eddsa-rdfc-2022.ts";
import { canonizeByJsonLd, canonizeDocument } from "./canonize.ts";
import { RDF_LIMITS } from "./limits.ts";

const V2 = "https://www.w3.org/ns/credentials/v2";
const EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2";

const credential: JsonObject = {
  "@context": [V2],
  id: "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
  type: ["VerifiableCredential"],
  issuer: "did:example:issuer",
  validFrom: "2024-01-01T00:00:00Z",
  credentialSubject: { id: "did:example:subject", name: "Meter" },
};

const canonize = (more: JsonObject): Promise<string> => canonizeDocument({ ...credential, ...more }, libraryOf());
const subject = (members: JsonObject): JsonObject => ({ credentialSubject: { id: "did:example:s", ...members } });

describe("a document on its way to RDF", () => {
  it.each<[string, JsonObject, string]>([
    ["a term that no context defines", subject({ weight: 3 }), "weight"],
    ["such a term beside the claims", { weight: 3 }, "weight"],
    ["such a term in a node of a node", subject({ name: { nested: { deeper: 1 } } }), "nested"],
    ["a type that no context defines", { type: ["VerifiableCredential", "Unheard"] }, "Unheard"],
    ["a relative name", { id: "credentials/1" }, "credentials/1"],
    ["a relative issuer", { issuer: "issuer" }, "issuer"],
  ])("is refused for %s", async (_, more, term) => {
    await expect(canonize(more)).rejects.toMatchObject({ code: "credentials.term", payload: {} });
    const error = await canonize(more).catch((found) => found);
    if (term !== "issuer") expect(error.payload.term).toBe(term);
  });

  it.each<[string, Json]>([
    ["that is not bundled", [V2, "https://evil.example/context"]],
    ["of a file", [V2, "file:///etc/passwd"]],
    [
      "of the network, within a context",
      [V2, { a: { "@id": "https://a.example/a", "@context": "https://evil.example" } }],
    ],
    ["that is imported", [V2, { "@import": "https://evil.example/context" }]],
  ])("is refused for a context %s", async (_, context) => {
    const error = await canonize({ "@context": context }).catch((found) => found);
    expect(["credentials.context", "credentials.document"]).toContain(error.code);
  });

  it.each<[string, Json]>([
    ["has a reserved term", [V2, { "@reserved": "https://evil.example/reserved" }]],
    ["has a language that is none", [V2, { "@language": "123456789" }]],
    ["has a relative vocabulary", [V2, { "@vocab": "evil#" }]],
    ["imports another one", [V2, { "@import": EXAMPLES, evil: "https://evil.example/evil" }]],
    ["imports another one before", [{ "@import": V2, evil: "https://evil.example/evil" }]],
    ["defines a protected term anew", [V2, { name: "https://evil.example/name" }]],
  ])("is read as ever after the first one, whose context %s", async (_, context) => {
    const read = (value: Json, library: ContextLibrary) =>
      canonizeDocument({ ...credential, "@context": value }, library).catch((error: Error) => error.message);
    const library = new ContextLibrary((url) => bundledContext(url));
    const first = await read(context, library);
    for (const later of [[V2], [V2, EXAMPLES], V2, [V2, { "@import": EXAMPLES }], [{ "@import": V2 }], context]) {
      const alone = await read(later, new ContextLibrary((url) => bundledContext(url)));
      expect(await read(later, library)).toBe(alone);
    }
    expect(await read(context, library)).toBe(first);
    expect(await read([V2], library)).toContain('"Meter"');
  });

  it("may not define a protected term anew because another one was allowed to, where it may", async () => {
    const library = new ContextLibrary((url) => bundledContext(url));
    const name = { name: "https://evil.example/name" };
    const part = { Thing: "https://a.example/Thing", part: { "@id": "https://a.example/part", "@context": name } };
    const allowed = { "@context": [V2, part], type: "Thing", part: { name: "Meter" } };
    expect(await canonizeDocument(allowed, library)).toContain('<https://evil.example/name> "Meter"');
    const refused = { "@context": [V2, part, name], type: "Thing", name: "Meter" };
    await expect(canonizeDocument(refused, library)).rejects.toMatchObject({ code: "credentials.document" });
    await expect(canonizeByJsonLd(refused, library)).rejects.toMatchObject({ code: "credentials.document" });
  });

  it.each<[string, Json]>([
    ["a protected term defined anew", [V2, { name: "https://evil.example/name" }]],
    ["a number as context", [V2, 7]],
    ["a context that defines itself in a circle", [V2, { a: "b:x", b: "a:y" }]],
  ])("is refused for %s", async (_, context) => {
    await expect(canonize({ "@context": context })).rejects.toMatchObject({ code: "credentials.document" });
  });

  it("is refused for numbers that RDF would confuse with others", async () => {
    await expect(canonize({ "@context": [V2, EXAMPLES], ...subject({ dose: 1e-7 }) })).rejects.toMatchObject({
      code: "credentials.document",
      payload: { problem: "number" },
    });
  });

  it("is refused, before any is processed, for more contexts than may stand in it", async () => {
    const items = (count: number) => Array.from({ length: count }, () => ({ "@context": V2, name: "x" }));
    const document = (count: number) => ({ "@context": [V2, EXAMPLES], ...subject({ items: items(count) }) });
    await expect(canonize(document(RDF_LIMITS.contexts))).resolves.toContain("schema.org/name");
    await expect(canonize(document(RDF_LIMITS.contexts + 1))).rejects.toMatchObject({
      code: "credentials.document",
      payload: { problem: "too many contexts" },
    });
  });

  it("is refused beyond the limits of depth, size and blank nodes, plain or not", async () => {
    let deep: Json = "end";
    for (let i = 0; i <= RDF_LIMITS.depth; i++) deep = { inner: deep };
    const wide = Array.from({ length: RDF_LIMITS.values }, (_, i) => i);
    const nodes = Array.from({ length: RDF_LIMITS.blankNodes + 1 }, (_, i) => ({ at: i }));
    for (const claims of [{ deep }, { wide }, { nodes }] as JsonObject[])
      for (const context of [
        [V2, EXAMPLES],
        [V2, { "@vocab": "https://own.example/#" }],
      ])
        await expect(canonize({ "@context": context, ...subject(claims) })).rejects.toMatchObject({
          code: "credentials.document",
        });
  });

  it("is refused, soon, for a graph that is made to be compared without end", async () => {
    const nodes = Array.from({ length: 14 }, (_, i) => ({
      id: `_:n${i}`,
      knows: Array.from({ length: 14 }, (_, j) => ({ id: `_:n${j}` })),
    }));
    await expect(canonize({ "@context": [V2, EXAMPLES], ...subject({ nodes }) })).rejects.toMatchObject({
      code: "credentials.document",
      payload: { problem: "intricate graph" },
    });
  });
});

describe("a signature over RDF", () => {
  const signer: CredentialSigner = {
    ...createSigner("Ed25519"),
    algorithm: "Ed25519",
    id: "did:example:issuer#key-1",
    controller: "did:example:issuer",
  };
  const MAKER = "https://maker.example/v1";
  const contextOf = (power: string) =>
    addContexts(new Map([[MAKER, { "@context": { power, Meter: "https://maker.example/Meter" } }]]));
  const options = {
    type: "DataIntegrityProof",
    cryptosuite: "eddsa-rdfc-2022",
    created: "2024-01-01T00:00:00Z",
    verificationMethod: signer.id,
    proofPurpose: "assertionMethod",
  } as const;

  const sign = async (document: JsonObject, contexts = contextOf("https://maker.example/power")) => {
    const proofValue = await eddsaRdfc2022.sign(document, options, signer, { contexts });
    return (changed: JsonObject, proof: object = {}, other = contexts) =>
      eddsaRdfc2022.verify(changed, { ...options, proofValue, ...proof } as DataIntegrityProof, signer, {
        contexts: other,
      });
  };

  it("does not hold under a context that gives its terms another meaning", async () => {
    const document = { ...credential, "@context": [V2, MAKER], ...subject({ power: 5 }) };
    const verify = await sign(document);
    expect(await verify(document)).toBe(true);
    expect(await verify(document, {}, contextOf("https://evil.example/price"))).toBe(false);
    expect(await verify({ ...document, "@context": [V2, { power: "https://evil.example/power" }] })).toBe(false);
    // Once more under the first: nothing of the second was kept for it.
    expect(await verify(document)).toBe(true);
  });

  it("does not let a proof bring a context of its own", async () => {
    const verify = await sign(credential);
    const context = [V2, { "@vocab": "https://evil.example/#" }];
    await expect(verify(credential, { "@context": context })).rejects.toMatchObject({ code: "credentials.proof" });
    expect(await verify(credential, { "@context": credential["@context"] })).toBe(true);
  });

  it("does not hold where statements were written into a text, or added beside it", async () => {
    const verify = await sign(credential);
    const injected = 'Meter" .\n<did:example:subject> <https://schema.org/name> "Admin';
    expect(await verify({ ...credential, ...subject({ name: injected }) })).toBe(false);
    const added = [
      { ...credential, credentialSubject: [credential["credentialSubject"] as Json, { id: "did:example:other" }] },
      { ...credential, evidence: { id: "did:example:subject", name: "Admin" } },
      { ...credential, name: "Admin" },
    ];
    for (const document of added) expect(await verify(document)).toBe(false);
    for (const iri of ["did:x> <https://a> <https://b", "did:x y", "did:x\n"])
      await expect(
        verify({ ...credential, issuer: iri }).then(
          (good) => good || "refused",
          (error) => error.code,
        ),
      ).resolves.toMatch(/refused|credentials\.(term|document)/);
  });

  it("takes no context that would stand in for a bundled one", () => {
    expect(() => addContexts(new Map([[V2, { "@context": {} }]]))).toThrow(
      expect.objectContaining({ code: "credentials.context" }),
    );
    expect(contextOf("https://a.example/p")).toBe(contextOf("https://a.example/p"));
    expect(contextOf("https://a.example/p")).not.toBe(contextOf("https://b.example/p"));
  });
});
