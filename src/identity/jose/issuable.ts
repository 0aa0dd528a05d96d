import type { JsonObject } from "#base";
import { refuseDocument } from "../credentials/document-parts.ts";
import { credentialError } from "../credentials/errors.ts";
import type { CredentialSigner } from "../credentials/keys.ts";
import { checkCredential } from "../credentials/model.ts";
import { checkTerms } from "../credentials/terms/check-terms.ts";

/** What is issued is sound, of 2.0, and its issuer's own. @throws HansaError as `issueJwtCredential` */
export function requireIssuable(credential: JsonObject, signer: CredentialSigner): void {
  const { model, issuer, enveloped } = checkCredential(credential);
  if (enveloped) throw refuseDocument("/type", "is an envelope, which is not put into another");
  if (model !== "2.0") throw refuseDocument("/@context", "is of data model 1.1, which is verified here, not issued");
  if (issuer !== signer.controller)
    throw credentialError("credentials.key", "the credential names another issuer than the one who signs", {
      issuer: issuer.slice(0, 200),
      signer: signer.controller,
    });
  checkTerms(credential);
}
