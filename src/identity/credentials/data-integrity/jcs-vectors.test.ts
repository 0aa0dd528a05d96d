import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import { decodeCredentialKey } from "../credential-key.ts";
import { credentialError } from "../errors.ts";
import type { KeyFinder } from "../keys.ts";
import { verifyCredential } from "../verify-credential.ts";
import type { DataIntegrityProof } from "./cryptosuite.ts";

const { document, proofs } = JSON.parse(
  readFileSync(new URL("../../../../vectors/credentials-jcs.json", import.meta.url), "utf8"),
) as { document: JsonObject & { issuer: string }; proofs: (DataIntegrityProof & JsonObject)[] };

/** The issuer of the vectors has a document at an address that exists for nobody; its keys' names are the keys. */
const keys: KeyFinder = async (id, purpose) => {
  const key = decodeCredentialKey(id.slice(id.indexOf("#") + 1));
  if (key === undefined || purpose !== "assertionMethod") throw credentialError("credentials.key", "no such key");
  return { id, controller: document.issuer, ...key };
};

describe("the W3C's vectors of the JCS suites", () => {
  it.each(proofs.map((proof) => [proof.cryptosuite, proof.verificationMethod, proof] as const))(
    "verify: %s with %s",
    async (_, __, proof) => {
      const verified = await verifyCredential({ ...document, proof }, { keys, now: Date.now() });
      expect(verified.proofs[0]?.verificationMethod).toBe(proof.verificationMethod);
    },
  );

  it.each(proofs.map((proof) => [proof.cryptosuite, proof.verificationMethod, proof] as const))(
    "do not verify with another claim: %s with %s",
    async (_, __, proof) => {
      const changed = {
        ...document,
        credentialSubject: { id: "did:example:abcdefgh", alumniOf: "Another School" },
        proof,
      };
      await expect(verifyCredential(changed, { keys, now: Date.now() })).rejects.toMatchObject({
        code: "credentials.signature",
      });
    },
  );
});
