import { deriveCredential } from "../credentials/data-integrity/ecdsa-sd-2023.ts";
import { type VerifyOptions, verifyCredential } from "../credentials/verify-credential.ts";
import { verifySdJwtCredential } from "../jose/envelope.ts";
import { verifyJwtCredential } from "../jose/jwt-credential.ts";
import { verifySdJwt } from "../sd-jwt/verify-sd-jwt.ts";
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
      await verifyCredential(held.hidden === undefined ? held.claims : await deriveWhole(held), options);
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

/** Members that every derived credential has. */
const ALWAYS = new Set(["@context", "id", "type", "proof"]);

/** A credential with a derived proof that shows everything. */
export function deriveWhole({ claims }: HeldCredential) {
  const names = Object.keys(claims).filter((name) => !ALWAYS.has(name));
  return deriveCredential(claims, {
    selectivePointers: names.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  });
}
