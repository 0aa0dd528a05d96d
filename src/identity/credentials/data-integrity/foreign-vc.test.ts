import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "#base";
import { createCredential, createIssuer, type ForeignSuite } from "../foreign-vc.suite.ts";
import type { CredentialSigner } from "../keys.ts";
import type { Cryptosuite, DataIntegrityProof, SuiteSettings } from "./cryptosuite.ts";
import { ecdsaRdfc2019 } from "./ecdsa-rdfc-2019.ts";
import { deriveCredential, ecdsaSd2023, verifyBaseProof } from "./ecdsa-sd-2023.ts";
import { eddsaRdfc2022 } from "./eddsa-rdfc-2022.ts";

async function issue(
  credential: JsonObject,
  suite: Cryptosuite,
  signer: CredentialSigner,
  settings?: SuiteSettings,
): Promise<JsonObject> {
  const options = {
    type: "DataIntegrityProof",
    cryptosuite: suite.name,
    created: "2024-06-01T00:00:00Z",
    verificationMethod: signer.id,
    proofPurpose: "assertionMethod",
  } as const;
  return {
    ...credential,
    proof: { ...options, proofValue: await suite.sign(credential, options, signer, settings) },
  };
}

function verify({ proof, ...document }: JsonObject, suite: Cryptosuite, signer: CredentialSigner): Promise<boolean> {
  return suite.verify(document, proof as unknown as DataIntegrityProof, signer);
}

const nested: JsonObject = {
  evidence: [{ type: ["LabReport"], lab: { name: "Eichamt", accredited: true }, results: [1, 2.5, "n/a"] }],
  credentialStatus: {
    type: "BitstringStatusListEntry",
    statusPurpose: "revocation",
    statusListIndex: "94567",
    statusListCredential: "https://issuer.example/status/3",
  },
  name: { "@value": "Meter certificate", "@language": "en" },
};

describe.each([
  ["eddsa-rdfc-2022", "Ed25519", eddsaRdfc2022],
  ["ecdsa-rdfc-2019", "P-256", ecdsaRdfc2019],
  ["ecdsa-rdfc-2019", "P-384", ecdsaRdfc2019],
] as const)("%s with %s against @digitalbazaar/vc", (name, algorithm, suite) => {
  it.each([{}, nested])("verifies theirs, and they ours", async (more) => {
    const { signer, foreign } = await createIssuer(algorithm);
    const credential = { ...createCredential(signer.controller), ...more };
    const theirs = await foreign.issue(credential, name);
    expect(await verify(theirs, suite, signer)).toBe(true);
    const ours = await issue(credential, suite, signer);
    await foreign.verify(ours, name);
  });

  it("refuses what they refuse, after a change", async () => {
    const { signer, foreign } = await createIssuer(algorithm);
    const theirs = await foreign.issue(createCredential(signer.controller), name);
    const changed = { ...theirs, validUntil: "2054-01-01T00:00:00Z" };
    expect(await verify(changed, suite, signer)).toBe(false);
    await expect(foreign.verify(changed, name)).rejects.toThrow();
  });

  it("verifies theirs of data model 1.1", async () => {
    const { signer, foreign } = await createIssuer(algorithm);
    const credential: JsonObject = {
      "@context": ["https://www.w3.org/2018/credentials/v1", "https://www.w3.org/2018/credentials/examples/v1"],
      type: ["VerifiableCredential", "AlumniCredential"],
      issuer: signer.controller,
      issuanceDate: "2024-01-01T00:00:00Z",
      credentialSubject: { id: "did:example:a", alumniOf: "<span>School</span>", degree: { college: "Of Examples" } },
    };
    const theirs = await foreign.issue(credential, name);
    expect(theirs["@context"]).toHaveLength(3);
    expect(await verify(theirs, suite, signer)).toBe(true);
  });
});

describe("ecdsa-sd-2023 against @digitalbazaar/vc", () => {
  const name: ForeignSuite = "ecdsa-sd-2023";
  const mandatoryPointers = ["/issuer", "/validUntil", "/credentialSubject/model"];
  const selectivePointers = ["/credentialSubject/calibrated", "/evidence/0/lab", "/evidence/1/lab/name"];
  const evidence: Json = [
    { type: "LabReport", lab: { name: "Eichamt", accredited: true } },
    { type: "LabReport", lab: { name: "Werkbank", accredited: false } },
  ];

  it("takes each step where the other one stopped", async () => {
    const { signer, foreign } = await createIssuer("P-256");
    const credential = { ...createCredential(signer.controller), evidence };
    const bases = [
      await foreign.issue(credential, name, mandatoryPointers),
      await issue(credential, ecdsaSd2023, signer, { mandatoryPointers }),
    ];
    for (const base of bases) {
      const { proof, ...document } = base;
      expect(await verifyBaseProof(document, proof as unknown as DataIntegrityProof, signer)).toBe(true);
      const ours = await deriveCredential(base, { selectivePointers });
      const theirs = await foreign.derive(base, selectivePointers);
      expect(ours).toEqual(theirs);
      expect(await verify(theirs, ecdsaSd2023, signer)).toBe(true);
      await foreign.verify(ours, name);
    }
  });
});
