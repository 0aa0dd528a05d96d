import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "#base";
import { CREDENTIALS_V1, CREDENTIALS_V2 } from "../contexts/bundled-contexts.ts";
import { codeOf, credentialOf, keys, NOW, signerOf } from "../credentials.suite.ts";
import type { CredentialAlgorithm } from "../keys.ts";
import { addProof, type NewProof } from "./add-proof.ts";
import { MAX_PROOFS } from "./read-proofs.ts";
import { CRYPTOSUITES } from "./registry.ts";
import { type ProofDemands, verifyProofs } from "./verify-proof.ts";

fc.configureGlobal({ seed: 41, numRuns: 60 });

const alice = signerOf(1);
const bob = signerOf(2, "P-256");
const carol = signerOf(3, "P-384");
const suiteOf = (algorithm: CredentialAlgorithm) => (algorithm === "Ed25519" ? "eddsa-jcs-2022" : "ecdsa-jcs-2019");
const document = credentialOf(alice.controller);
type Proof = JsonObject & { readonly proofValue: string };
const proofsOf = (signed: JsonObject) => signed["proof"] as unknown as Proof[];
const proofOf = (signed: JsonObject) => signed["proof"] as unknown as Proof;

function sign(of: JsonObject, signer = alice, more: Partial<NewProof> = {}): Promise<JsonObject> {
  return addProof(of, signer, { suite: suiteOf(signer.algorithm), purpose: "assertionMethod", created: NOW, ...more });
}
function verify(signed: JsonObject, more: Partial<ProofDemands> = {}) {
  return verifyProofs(signed, { keys, now: NOW, purpose: "assertionMethod", ...more });
}
const codeFor = (signed: JsonObject, more?: Partial<ProofDemands>) => codeOf(() => verify(signed, more));
const altered = async (members: JsonObject) => {
  const signed = await sign(document);
  return { ...signed, proof: { ...proofOf(signed), ...members } };
};
const lacking = async (name: string) => {
  const signed = await sign(document);
  const { [name]: _, ...proof } = proofOf(signed);
  return { ...signed, proof };
};

describe.each([alice, bob, carol])("a proof with a key of $algorithm", (signer) => {
  it("verifies, and tells who made it and when", async () => {
    const signed = await sign(document, signer);
    expect(await verify(signed)).toEqual([
      {
        id: undefined,
        cryptosuite: suiteOf(signer.algorithm),
        verificationMethod: signer.id,
        controller: signer.controller,
        created: NOW,
      },
    ]);
    expect(document).not.toHaveProperty("proof");
  });

  it("does not go with any claim changed", async () => {
    const signed = await sign(document, signer);
    const claims = Object.entries(signed["credentialSubject"] as JsonObject);
    await fc.assert(
      fc.asyncProperty(fc.nat(claims.length - 1), fc.string(), async (at, text) => {
        const [name, value] = claims[at] as [string, Json];
        fc.pre(value !== text && name !== "id");
        const changed = { ...signed, credentialSubject: { ...Object.fromEntries(claims), [name]: text } };
        expect(await codeFor(changed)).toBe("credentials.signature");
      }),
      { numRuns: 15 },
    );
  });

  it("does not go with any option changed", async () => {
    const signed = await sign(document, signer, { nonce: "n" });
    for (const more of [
      { created: "2026-05-01T00:00:00Z" },
      { nonce: "m" },
      { id: "urn:x:y" },
      { challenge: "c" },
      { domain: "d" },
    ])
      expect(await codeFor({ ...signed, proof: { ...proofOf(signed), ...more } })).toBe("credentials.signature");
  });

  it("does not go with any character of its value changed", async () => {
    const signed = await sign(document, signer);
    const { proofValue } = proofOf(signed);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: proofValue.length - 1 }),
        fc.constantFrom(..."2abZ"),
        async (at, letter) => {
          fc.pre(proofValue.charAt(at) !== letter);
          const value = proofValue.slice(0, at) + letter + proofValue.slice(at + 1);
          expect(await codeFor({ ...signed, proof: { ...proofOf(signed), proofValue: value } })).toMatch(
            /^credentials\.(signature|proof)$/,
          );
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("a proof", () => {
  it.each<[string, () => Promise<JsonObject>]>([
    ["missing", async () => document],
    ["null", async () => ({ ...document, proof: null })],
    ["a text", async () => ({ ...document, proof: "z" })],
    ["an empty list", async () => ({ ...document, proof: [] })],
    ["without a type", () => lacking("type")],
    ["of another type", () => altered({ type: "UnknownProofType" })],
    ["without a cryptosuite", () => lacking("cryptosuite")],
    ["of an unknown cryptosuite", () => altered({ cryptosuite: "UnknownCryptosuite" })],
    ["of a suite that goes with another key", () => altered({ cryptosuite: "ecdsa-jcs-2019" })],
    ["whose suite is named like a member of every object", () => altered({ cryptosuite: "constructor" })],
    ["without a verificationMethod", () => lacking("verificationMethod")],
    ["whose verificationMethod is no URL", () => altered({ verificationMethod: "key" })],
    ["whose verificationMethod is an object", () => altered({ verificationMethod: { id: alice.id } })],
    ["without a purpose", () => lacking("proofPurpose")],
    ["for another purpose", () => altered({ proofPurpose: "authentication" })],
    ["for a purpose that there is not", () => altered({ proofPurpose: "invalidPurpose" })],
    ["without a value", () => lacking("proofValue")],
    ["whose value is null", () => altered({ proofValue: null })],
    [
      "whose value has no multibase letter",
      async () => altered({ proofValue: proofOf(await sign(document)).proofValue.slice(1) }),
    ],
    ["whose value is in another base", () => altered({ proofValue: "uAAAA" })],
    ["whose value is too long", async () => altered({ proofValue: `${proofOf(await sign(document)).proofValue}11` })],
    ["whose value is longer than any", () => altered({ proofValue: `z${"2".repeat(100_000)}` })],
    ["made at no time", () => altered({ created: "invalidDate" })],
    ["made at a time without a zone", () => altered({ created: "2026-01-01T00:00:00" })],
    ["that expires at no time", () => altered({ expires: "soon" })],
    ["with a number for a challenge", () => altered({ challenge: 1 })],
    ["with a number for a domain", () => altered({ domain: [1] })],
    ["with an id that is no URL", () => altered({ id: "one" })],
    ["with a member that no context defines", () => altered({ note: "x" })],
    ["that covers one that is not there", () => altered({ previousProof: "urn:x:gone" })],
    ["that covers some that are not there", () => altered({ previousProof: ["urn:x:gone"] })],
    ["that covers a number", () => altered({ previousProof: 1 })],
    ["that covers itself", () => altered({ id: "urn:x:self", previousProof: "urn:x:self" })],
    [
      "under contexts that the document does not begin with",
      () => altered({ "@context": [CREDENTIALS_V2, "https://www.w3.org/ns/credentials/examples/v2", {}] }),
    ],
  ])("is refused as malformed: %s", async (_, make) => {
    expect(await codeFor(await make())).toBe("credentials.proof");
  });

  it("is refused once it has expired, and before it was made", async () => {
    const signed = await sign(document, alice, { expires: NOW + 1000 });
    expect(await codeFor(signed)).toBe(undefined);
    expect(await codeFor(signed, { now: NOW + 1000 })).toBe("credentials.expired");
    expect(await codeFor(signed, { now: NOW - 60_001 })).toBe("credentials.not-yet");
  });

  it("has to answer the challenge", async () => {
    const signed = await sign(document, alice, { challenge: "c-1" });
    expect(await codeFor(signed, { challenge: "c-1" })).toBe(undefined);
    expect(await codeFor(signed, { challenge: "c-2" })).toBe("credentials.challenge");
    expect(await codeFor(await sign(document), { challenge: "c-1" })).toBe("credentials.challenge");
  });

  it("has to be for the very domains", async () => {
    const one = await sign(document, alice, { domain: "a.example" });
    const two = await sign(document, alice, { domain: ["a.example", "b.example"] });
    expect(await codeFor(one, { domain: ["a.example"] })).toBe(undefined);
    expect(await codeFor(two, { domain: ["b.example", "a.example"] })).toBe(undefined);
    expect(await codeFor(one, { domain: "b.example" })).toBe("credentials.domain");
    expect(await codeFor(two, { domain: "a.example" })).toBe("credentials.domain");
    expect(await codeFor(await sign(document), { domain: "a.example" })).toBe("credentials.domain");
  });

  it("has to be of the one who is said to have made it", async () => {
    const signed = await sign(document, bob);
    expect(await codeFor(signed, { controller: alice.controller })).toBe("credentials.key");
    expect(await codeFor(signed, { controller: bob.controller })).toBe(undefined);
  });

  it("of somebody else's name is refused: the key is looked up, and not taken from the proof", async () => {
    const signed = await sign(document, { ...bob, id: carol.id, algorithm: "P-256" });
    expect(await codeFor(signed)).toMatch(/credentials\.(signature|proof)/);
  });
});

describe("contexts", () => {
  it("that are swapped after signing are refused, where they come before those that were signed", async () => {
    const signed = await sign(document);
    const swapped = {
      ...signed,
      "@context": [
        CREDENTIALS_V2,
        { MeterCredential: "https://evil.example/M" },
        "https://www.w3.org/ns/credentials/examples/v2",
      ],
    };
    expect(await codeFor(swapped)).toBe("credentials.proof");
  });

  it("added after signing cannot give a term its meaning", async () => {
    const bare = {
      ...credentialOf(alice.controller),
      "@context": [CREDENTIALS_V2],
      type: ["VerifiableCredential"],
      credentialSubject: { id: "did:example:s" },
    };
    const signed = await sign(bare);
    const more = { ...signed, "@context": [CREDENTIALS_V2, "https://www.w3.org/ns/credentials/examples/v2"] };
    expect(await codeFor(more)).toBe(undefined);
    expect(await codeFor({ ...more, credentialSubject: { id: "did:example:s", added: true } })).toBe(
      "credentials.term",
    );
  });

  it("without one that defines a proof get that of Data Integrity", async () => {
    const old = {
      "@context": [CREDENTIALS_V1],
      type: ["VerifiableCredential"],
      issuer: alice.controller,
      issuanceDate: "2026-01-01T00:00:00Z",
      credentialSubject: { id: "did:example:s" },
    };
    const signed = await sign(old);
    expect(signed["@context"]).toEqual([CREDENTIALS_V1, "https://w3id.org/security/data-integrity/v2"]);
    expect(await codeFor(signed)).toBe(undefined);
    expect((await sign(document))["@context"]).toEqual(document["@context"]);
  });

  it("that leave a term undefined, leave the document unsigned", async () => {
    const { "@context": _, ...members } = document;
    expect(await codeOf(() => sign({ ...members, "@context": [CREDENTIALS_V2] }))).toBe("credentials.term");
  });
});

describe("a set of proofs", () => {
  const both = async () => sign(await sign(document, alice), bob);

  it("verifies where all are good, in any order", async () => {
    const set = await both();
    expect((await verify(set, { controller: alice.controller })).map(({ controller }) => controller)).toEqual([
      alice.controller,
      bob.controller,
    ]);
    const turned = { ...set, proof: [...proofsOf(set)].reverse() };
    expect(await codeFor(turned, { controller: alice.controller })).toBe(undefined);
  });

  it("does not where one is not", async () => {
    const set = await both();
    const [first, second] = proofsOf(set) as [Proof, Proof];
    const bad = { ...second, proofValue: proofOf(await sign({ ...document, id: "urn:x:other" }, bob)).proofValue };
    expect(await codeFor({ ...set, proof: [first, bad] })).toBe("credentials.signature");
    expect(await codeFor({ ...set, proof: [first, { ...second, cryptosuite: "unknown" }] })).toBe("credentials.proof");
  });

  it("does not stand without the issuer's", async () => {
    const set = await both();
    expect(await codeFor({ ...set, proof: [proofsOf(set)[1] as Proof] }, { controller: alice.controller })).toBe(
      "credentials.key",
    );
  });

  it("has each proof once", async () => {
    const signed = await sign(document);
    const proof = proofOf(signed);
    expect(await codeFor({ ...signed, proof: [proof, proof] })).toBe("credentials.proof");
    expect(await codeFor({ ...signed, proof: [proof, { ...proof, id: "urn:x:y" }] })).toBe("credentials.proof");
    expect(await codeOf(() => sign(signed))).toBe("credentials.proof");
  });

  it("has an id once", async () => {
    const signed = await sign(document, alice, { id: "urn:x:1" });
    expect(await codeOf(() => sign(signed, bob, { id: "urn:x:1" }))).toBe("credentials.proof");
  });

  it("has a limit", async () => {
    const signed = await sign(document);
    const proofs = Array.from({ length: MAX_PROOFS + 1 }, (_, i) => ({ ...proofOf(signed), id: `urn:x:${i}` }));
    expect(await codeFor({ ...signed, proof: proofs })).toBe("credentials.proof");
    expect(
      await codeOf(() =>
        sign({ ...signed, proof: proofs.slice(1).map((proof, i) => ({ ...proof, nonce: `${i}` })) }, bob),
      ),
    ).toBe("credentials.proof");
  });
});

describe("a chain of proofs", () => {
  const chain = async () => {
    const first = await sign(document, alice, { id: "urn:x:1" });
    const second = await sign(first, bob, { id: "urn:x:2" });
    return sign(second, carol, { previousProof: ["urn:x:1", "urn:x:2"] });
  };

  it("verifies from end to end", async () => {
    const signed = await chain();
    expect((await verify(signed)).map(({ controller }) => controller)).toEqual([
      alice.controller,
      bob.controller,
      carol.controller,
    ]);
    const long = await sign(await sign(document, alice, { id: "urn:x:1" }), bob, {
      previousProof: "urn:x:1",
      id: "urn:x:2",
    });
    expect(await codeFor(await sign(long, carol, { previousProof: "urn:x:2" }))).toBe(undefined);
  });

  it("does not with a link missing, or put in the place of another", async () => {
    const signed = await chain();
    const [first, second, third] = proofsOf(signed) as [Proof, Proof, Proof];
    expect(await codeFor({ ...signed, proof: [first, third] })).toBe("credentials.proof");
    const other = proofOf(await sign(document, alice, { id: "urn:x:1", created: NOW - 1000 }));
    expect(await codeFor({ ...signed, proof: [other, second, third] })).toBe("credentials.signature");
    const { previousProof: _, ...unchained } = third;
    expect(await codeFor({ ...signed, proof: [first, second, unchained] })).toBe("credentials.signature");
  });

  it("may be no circle", async () => {
    const signed = await chain();
    const [first, second, third] = proofsOf(signed) as [Proof, Proof, Proof];
    const round = { ...third, id: "urn:x:3" };
    expect(await codeFor({ ...signed, proof: [{ ...first, previousProof: "urn:x:3" }, second, round] })).toBe(
      "credentials.proof",
    );
  });

  it("is not made over a proof that is not there", async () => {
    expect(await codeOf(() => sign(document, bob, { previousProof: "urn:x:gone" }))).toBe("credentials.proof");
  });
});

describe("making a proof", () => {
  it.each<[string, Partial<NewProof>]>([
    ["an unknown suite", { suite: "nobody-2030" }],
    ["a suite that goes with another key", { suite: "ecdsa-jcs-2019" }],
    ["no time", { created: Number.NaN }],
    ["a time that no text tells", { expires: 8e15 }],
    ["an id that is no URL", { id: "one" }],
  ])("is refused with %s", async (_, more) => {
    expect(await codeOf(() => sign(document, alice, more))).toBe("credentials.proof");
  });

  it("knows its suites", () => {
    expect(CRYPTOSUITES).toContain("eddsa-jcs-2022");
    expect(CRYPTOSUITES).toContain("ecdsa-jcs-2019");
  });
});
