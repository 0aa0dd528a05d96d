import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeBase58, encodeHex, type JsonObject } from "#base";
import { createSigner } from "#crypto";
import { libraryOf } from "../contexts/context-library.ts";
import type { CredentialSigner, VerificationKey } from "../keys.ts";
import type { DataIntegrityProof, ProofOptions } from "./cryptosuite.ts";
import { deriveCredential, ecdsaSd2023, verifyBaseProof } from "./ecdsa-sd-2023.ts";
import { hashProofOptions } from "./rdf/proof-hash.ts";
import { decodeBaseProof, decodeDerivedProof, encodeBaseProof, encodeDerivedProof } from "./sd/sd-proof-value.ts";

type Secured = JsonObject & { readonly proof: DataIntegrityProof & JsonObject };

const vector = JSON.parse(
  readFileSync(new URL("../../../../vectors/credentials-sd.json", import.meta.url), "utf8"),
) as {
  publicKeyMultibase: string;
  hmacKey: string;
  proofHash: string;
  mandatoryPointers: string[];
  selectivePointers: string[];
  base: Secured;
  derived: Secured;
};

function split({ proof, ...document }: JsonObject): [JsonObject, DataIntegrityProof] {
  return [document, proof as unknown as DataIntegrityProof];
}

const verify = (credential: JsonObject, key: VerificationKey): Promise<boolean> => {
  const [document, proof] = split(credential);
  return ecdsaSd2023.verify(document, proof, key);
};

describe("the standard's vector of ecdsa-sd-2023", () => {
  const key: VerificationKey = {
    id: vector.base.proof.verificationMethod,
    controller: `did:key:${vector.publicKeyMultibase}`,
    algorithm: "P-256",
    publicKey: (decodeBase58(vector.publicKeyMultibase.slice(1)) as Uint8Array).slice(2),
  };

  it("has the published hash of its options and the published parts in its base proof", async () => {
    const [document, proof] = split(vector.base);
    expect(encodeHex(await hashProofOptions(document, proof, libraryOf()))).toBe(vector.proofHash);
    const base = decodeBaseProof(proof.proofValue);
    expect(encodeHex(base.hmacKey).toUpperCase()).toBe(vector.hmacKey);
    expect(base.mandatoryPointers).toEqual(vector.mandatoryPointers);
    expect(encodeBaseProof(base)).toBe(proof.proofValue);
    expect(await verifyBaseProof(document, proof, key)).toBe(true);
  });

  it("is derived to the published derived credential, to the letter", async () => {
    const derived = await deriveCredential(vector.base, { selectivePointers: vector.selectivePointers });
    expect(derived).toEqual(vector.derived);
  });

  it("is verified as it was published", async () => {
    expect(await verify(vector.derived, key)).toBe(true);
  });
});

const document: JsonObject = {
  "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
  id: "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
  type: ["VerifiableCredential", "ExampleDegreeCredential"],
  issuer: "did:example:issuer",
  validFrom: "2024-01-01T00:00:00Z",
  validUntil: "2034-01-01T00:00:00Z",
  credentialSubject: {
    id: "did:example:subject",
    givenName: "Ada",
    familyName: "Lovelace",
    note: 'text that looks like a label: _:c14n0 and <urn:x> "quoted"',
    degree: [
      { type: "ExampleDegree", title: "Analytical engines", year: 1843 },
      { type: "ExampleDegree", title: "Number theory", year: 1840 },
    ],
    address: { city: "London", street: "St James's Square 12" },
  },
};

const options: ProofOptions = {
  type: "DataIntegrityProof",
  cryptosuite: "ecdsa-sd-2023",
  created: "2024-01-01T00:00:00Z",
  verificationMethod: "did:example:issuer#key-1",
  proofPurpose: "assertionMethod",
};

describe("selective disclosure", () => {
  const signer: CredentialSigner = {
    ...createSigner("P-256"),
    algorithm: "P-256",
    id: options.verificationMethod,
    controller: "did:example:issuer",
  };
  let credential: JsonObject;

  const withValue = (secured: JsonObject, proofValue: string): JsonObject => ({
    ...secured,
    proof: { ...(secured["proof"] as JsonObject), proofValue },
  });
  const proofValueOf = (secured: JsonObject): string => split(secured)[1].proofValue;

  beforeAll(async () => {
    const proofValue = await ecdsaSd2023.sign(document, options, signer);
    credential = { ...document, proof: { ...options, proofValue } as unknown as JsonObject };
  });

  it("shows what is mandatory and what is selected, and nothing of the rest", async () => {
    const selectivePointers = ["/credentialSubject/givenName", "/credentialSubject/degree/1/title"];
    const derived = await deriveCredential(credential, { selectivePointers });
    const [shown] = split(derived);
    const { credentialSubject: _, ...mandatory } = document;
    expect(shown).toEqual({
      ...mandatory,
      credentialSubject: {
        id: "did:example:subject",
        givenName: "Ada",
        degree: [{ type: "ExampleDegree", title: "Number theory" }],
      },
    });
    // Not the proof: its random base64url may have "184" in it.
    expect(JSON.stringify(shown)).not.toMatch(/Lovelace|Analytical|London|184/);
    expect(await verify(derived, signer)).toBe(true);
  });

  it("keeps what is mandatory even where nothing is selected, whoever asks", async () => {
    const derived = await deriveCredential(credential, { selectivePointers: [] });
    const [shown] = split(derived);
    expect(shown).toEqual(
      Object.fromEntries(Object.entries(document).filter(([name]) => name !== "credentialSubject")),
    );
    expect(await verify(derived, signer)).toBe(true);
    for (const name of ["validUntil", "issuer", "validFrom"]) {
      const { [name]: _, ...stripped } = derived;
      await expect(verify(stripped, signer)).rejects.toMatchObject({ code: "credentials.proof" });
    }
  });

  it("makes mandatory what the issuer names, and what decides whether the credential holds", async () => {
    const mandatoryPointers = ["/issuer", "/credentialSubject/address/city"];
    const proofValue = await ecdsaSd2023.sign(document, options, signer, { mandatoryPointers });
    const derived = await deriveCredential(withValue(credential, proofValue), {
      selectivePointers: ["/credentialSubject/familyName"],
    });
    expect(split(derived)[0]).toEqual({
      "@context": document["@context"],
      id: document["id"],
      type: document["type"],
      issuer: "did:example:issuer",
      validFrom: document["validFrom"],
      validUntil: document["validUntil"],
      credentialSubject: { id: "did:example:subject", familyName: "Lovelace", address: { city: "London" } },
    });
    expect(await verify(derived, signer)).toBe(true);
  });

  it("carries the signatures of what is shown alone, and no key that labels are made with", async () => {
    const derived = await deriveCredential(credential, { selectivePointers: ["/credentialSubject/givenName"] });
    const base = decodeBaseProof(proofValueOf(credential));
    const value = decodeDerivedProof(proofValueOf(derived));
    const hidden = base.signatures.filter(
      (signature) => !value.signatures.some((other) => encodeHex(other) === encodeHex(signature)),
    );
    expect(hidden.length).toBeGreaterThan(8);
    const bytes = Buffer.from(proofValueOf(derived).slice(1), "base64url");
    for (const secret of [base.hmacKey, ...hidden]) expect(bytes.includes(Buffer.from(secret))).toBe(false);
  });

  it("gives each credential labels and a key of its own", async () => {
    const again = decodeBaseProof(await ecdsaSd2023.sign(document, options, signer));
    const first = decodeBaseProof(proofValueOf(credential));
    expect(again.hmacKey).not.toEqual(first.hmacKey);
    expect(again.publicKey).not.toEqual(first.publicKey);
  });

  it("refuses a changed, an added and a borrowed claim", async () => {
    const selectivePointers = ["/credentialSubject/givenName", "/credentialSubject/note"];
    const derived = await deriveCredential(credential, { selectivePointers });
    const subject = derived["credentialSubject"] as JsonObject;
    const change = (members: JsonObject) => ({ ...derived, credentialSubject: { ...subject, ...members } });
    expect(await verify(change({ givenName: "Eve" }), signer)).toBe(false);
    // What looks like a label within a text is text: it is signed as it stands.
    expect(await verify(change({ note: (subject["note"] as string).replace("c14n0", "c14n1") }), signer)).toBe(false);
    await expect(verify(change({ familyName: "Lovelace" }), signer)).rejects.toMatchObject({
      code: "credentials.proof",
    });
    const proofValue = await ecdsaSd2023.sign({ ...document, issuer: "did:example:other" }, options, signer);
    const foreign = await deriveCredential(
      { ...document, issuer: "did:example:other", proof: { ...options, proofValue } as unknown as JsonObject },
      { selectivePointers },
    );
    const mixed = encodeDerivedProof({
      ...decodeDerivedProof(proofValueOf(derived)),
      signatures: decodeDerivedProof(proofValueOf(foreign)).signatures,
    });
    expect(await verify(withValue(derived, mixed), signer)).toBe(false);
  });

  it("refuses one node told as two under one label", async () => {
    const derived = await deriveCredential(credential, { selectivePointers: ["/credentialSubject/degree"] });
    const value = decodeDerivedProof(proofValueOf(derived));
    const [label] = value.labels.values();
    const labels = new Map([...value.labels.keys()].map((number) => [number, label as Uint8Array]));
    await expect(verify(withValue(derived, encodeDerivedProof({ ...value, labels })), signer)).rejects.toMatchObject({
      code: "credentials.proof",
    });
  });

  it("takes no base proof for a derived one, and no derived one to derive from", async () => {
    const derived = await deriveCredential(credential, { selectivePointers: ["/credentialSubject/givenName"] });
    await expect(verify(credential, signer)).rejects.toMatchObject({ code: "credentials.proof" });
    await expect(deriveCredential(derived, { selectivePointers: [] })).rejects.toMatchObject({
      code: "credentials.proof",
    });
    const [bare, proof] = split(credential);
    expect(await verifyBaseProof(bare, proof, signer)).toBe(true);
    expect(await verifyBaseProof({ ...bare, validUntil: "2099-01-01T00:00:00Z" }, proof, signer)).toBe(false);
  });

  it.each([
    "credentialSubject",
    "/credentialSubject/nothing",
    "/credentialSubject/degree/2",
    "/credentialSubject/degree/-",
    "/credentialSubject/~2",
    "/constructor/prototype",
    "/__proto__/polluted",
    "/credentialSubject/givenName/length",
  ])("refuses the pointer %s", async (pointer) => {
    await expect(deriveCredential(credential, { selectivePointers: [pointer] })).rejects.toMatchObject({
      code: "credentials.document",
    });
  });

  it("refuses proof values that are cut, prolonged, or of other parts", async () => {
    const derived = await deriveCredential(credential, { selectivePointers: ["/credentialSubject/degree"] });
    const bytes = Buffer.from(proofValueOf(derived).slice(1), "base64url");
    const variants = [
      Buffer.alloc(0),
      bytes.subarray(0, 3),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.of(0)]),
      ...[3, 4, 5, 70, 110].map((at) => Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 0xff : byte)))),
    ];
    for (const variant of variants) {
      const outcome = verify(withValue(derived, `u${variant.toString("base64url")}`), signer);
      await expect(outcome.catch((error) => error.code)).resolves.toSatisfy(
        (found) => found === false || found === "credentials.proof",
      );
    }
  });
});
