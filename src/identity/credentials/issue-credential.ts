import type { JsonObject } from "#base";
import { addProof, type NewProof } from "./data-integrity/add-proof.ts";
import { refuseDocument } from "./document-parts.ts";
import { credentialError } from "./errors.ts";
import type { CredentialSigner } from "./keys.ts";
import { checkCredential } from "./model.ts";

/** How a credential is to be signed. */
export type IssueOptions = Omit<NewProof, "purpose" | "challenge" | "domain">;

/**
 * Issues a credential of data model 2.0: checks it and adds a proof.
 *
 * @param credential - with proofs already, it gets one more: of a set, or of a chain where `previousProof` names some
 * @param signer - of the issuer; of anybody, where the credential has proofs already
 * @returns the credential with its proof; what was given stays as it is
 * @throws HansaError `credentials.document`, `credentials.context`, `credentials.term`, `credentials.proof`, `credentials.key`
 * where the key is not the issuer's
 * @example
 * ```ts
 * const signer = createCredentialSigner("Ed25519");
 * const signed = await issueCredential({ ...credential, issuer: signer.controller }, signer, { suite: "eddsa-jcs-2022" });
 * ```
 */
export async function issueCredential(
  credential: JsonObject,
  signer: CredentialSigner,
  options: IssueOptions,
): Promise<JsonObject> {
  const { model, issuer, enveloped } = checkCredential(credential);
  if (enveloped) throw refuseDocument("/type", "is an envelope, which has no proof of its own");
  if (model !== "2.0") throw refuseDocument("/@context", "is of data model 1.1, which is verified here, not issued");
  if (!("proof" in credential) && issuer !== signer.controller)
    throw credentialError("credentials.key", "the credential names another issuer than the one who signs", {
      issuer: issuer.slice(0, 200),
      signer: signer.controller,
    });
  return addProof(credential, signer, { ...options, purpose: "assertionMethod" });
}
