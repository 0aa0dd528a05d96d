import { type VerifyOptions, verifyCredential } from "../credentials/verify-credential.ts";
import { verifySdJwtCredential } from "../jose/envelope.ts";
import { verifyJwtCredential } from "../jose/jwt-credential.ts";
import { verifySdJwt } from "../sd-jwt/verify-sd-jwt.ts";
import { deriveChosen } from "./derive-chosen.ts";
import type { HeldCredential } from "./held-credential.ts";

/**
 * Verifies a credential of whatever format as its holder gets it: all that a verifier would look at but the presentation.
 *
 * @throws HansaError `credentials.*`
 */
export async function verifyReceived(held: HeldCredential, options: VerifyOptions): Promise<void> {
  switch (held.format) {
    case "ldp_vc":
      // A base proof is for the holder alone. What can be derived of it is what a verifier would see: here all of it.
      await verifyCredential(held.hidden === undefined ? held.claims : await deriveChosen(held, "all"), options);
      return;
    case "jwt_vc_json":
      await verifyJwtCredential(held.text, options);
      return;
    case "vc+sd-jwt":
      await verifySdJwtCredential(held.text, options);
      return;
    case "dc+sd-jwt":
      await verifySdJwt(held.text, options);
  }
}
