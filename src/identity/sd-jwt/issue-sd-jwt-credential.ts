import type { JsonObject } from "#base";
import type { CredentialSigner } from "../credentials/keys.ts";
import { requireIssuable } from "../jose/issuable.ts";
import { type IssueSdJwtOptions, signSdJwt } from "./issue-sd-jwt.ts";

/**
 * Issues a VC Data Model 2.0 credential as `application/vc+sd-jwt` (VC-JOSE-COSE §3.2.1).
 *
 * @throws HansaError `credentials.document`, `credentials.context`, `credentials.term`, `credentials.disclosure`, `credentials.key` where
 * the issuer is another than the signer
 */
export function issueSdJwtCredential(
  credential: JsonObject,
  signer: CredentialSigner,
  options: Omit<IssueSdJwtOptions, "typ">,
): string {
  requireIssuable(credential, signer);
  const { disclose, decoys = 0, holderKey } = options;
  return signSdJwt(credential, signer, { disclose, decoys, holderKey, typ: "vc+sd-jwt", issuer: undefined });
}
