import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeBase58, encodeHex, type JsonObject } from "#base";
import { createSigner, p384 } from "#crypto";
import { libraryOf } from "../contexts/context-library.ts";
import type { CredentialAlgorithm, CredentialSigner } from "../keys.ts";
import type { DataIntegrityProof } from "./cryptosuite.ts";
import { ecdsaRdfc2019 } from "./ecdsa-rdfc-2019.ts";
import { eddsaRdfc2022 } from "./eddsa-rdfc-2022.ts";
import { hashForProof } from "./rdf/proof-hash.ts";

interface Vector {
  readonly suite: string;
  readonly algorithm: CredentialAlgorithm;
  readonly publicKeyMultibase: string;
  readonly secretKeyMultibase: string;
  readonly hashData: string;
  readonly signed: JsonObject & { readonly proof: DataIntegrityProof & JsonObject };
}

const { vectors } = JSON.parse(
  readFileSync(new URL("../../../../vectors/credentials-rdfc.json", import.meta.url), "utf8"),
) as { vectors: Vector[] };

const suites = [eddsaRdfc2022, ecdsaRdfc2019];
const multikey = (text: string): Uint8Array => (decodeBase58(text.slice(1)) as Uint8Array).slice(2);

function signerOf({ algorithm, signed, secretKeyMultibase }: Vector): CredentialSigner {
  const secret = multikey(secretKeyMultibase);
  const signer =
    algorithm === "P-384"
      ? { publicKey: p384.publicKey(secret), sign: p384.signer(secret) }
      : createSigner(algorithm, secret);
  return {
    id: signed.proof.verificationMethod,
    controller: signed["issuer"] as string,
    algorithm,
    publicKey: signer.publicKey,
    sign: signer.sign,
  };
}

describe.each(vectors)("the standard's vector of $suite with $algorithm", (vector) => {
  const suite = suites.find(({ name }) => name === vector.suite);
  if (suite === undefined) throw new Error(vector.suite);
  const { proof, ...document } = vector.signed;
  const { proofValue, ...options } = proof;
  const signer = signerOf(vector);

  it("has the published hashes", async () => {
    const hash = vector.algorithm === "P-384" ? "SHA-384" : "SHA-256";
    const data = await hashForProof(document as JsonObject, options, libraryOf(), hash);
    expect(encodeHex(data)).toBe(vector.hashData);
  });

  it("is verified with the published key, and not with another", async () => {
    const publicKey = multikey(vector.publicKeyMultibase);
    expect(signer.publicKey).toEqual(publicKey);
    expect(await suite.verify(document as JsonObject, proof, signer)).toBe(true);
    const other = createSigner(vector.algorithm === "Ed25519" ? "Ed25519" : "P-256");
    const algorithm = vector.algorithm === "Ed25519" ? "Ed25519" : "P-256";
    const changed = { ...signer, algorithm, publicKey: other.publicKey } as const;
    if (vector.algorithm !== "P-384") expect(await suite.verify(document as JsonObject, proof, changed)).toBe(false);
  });

  it("is signed again: to the letter where the signature is deterministic, verifiable in any case", async () => {
    const again = await suite.sign(document as JsonObject, options, signer);
    if (vector.algorithm === "Ed25519") expect(again).toBe(proofValue);
    expect(await suite.verify(document as JsonObject, { ...proof, proofValue: again }, signer)).toBe(true);
  });

  it("does not survive a change of the document, of the options, or of the signature", async () => {
    const bad = [
      [{ ...document, name: "Another" }, proof],
      [document, { ...proof, created: "2023-02-24T23:36:39Z" }],
      [document, { ...proof, challenge: "more" }],
    ] as const;
    for (const [changed, options] of bad)
      expect(await suite.verify(changed as JsonObject, options as DataIntegrityProof, signer)).toBe(false);
    for (const value of ["", "z", "u", proofValue.slice(0, -1), `u${proofValue.slice(1)}`, "z0OIl"])
      await expect(suite.verify(document as JsonObject, { ...proof, proofValue: value }, signer)).rejects.toMatchObject(
        {
          code: "credentials.proof",
        },
      );
  });
});
