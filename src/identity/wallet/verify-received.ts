import type { JsonObject } from "#base";
import { credentialError } from "../credentials/errors.ts";
import { checkCredential } from "../credentials/model.ts";
import { type VerifyOptions, verifyClaims, verifyCredential } from "../credentials/verify-credential.ts";
import { verifyEnveloped } from "../jose/envelope.ts";
import { verifyJwtCredential } from "../jose/jwt-credential.ts";
import { verifySdJwt } from "../sd-jwt/verify-sd-jwt.ts";
import type { HeldCredential } from "./held-credential.ts";

/**
 * Verifies a credential of whatever format as its holder gets it: all that a verifier would look at but the presentation.
 *
 * @throws HansaError `credentials.*`
 */
export async function verifyReceived(held: HeldCredential, options: VerifyOptions): Promise<void> {
  const { keys, now, checkStatus, status } = options;
  const check = async (credential: JsonObject) => {
    await verifyClaims(checkCredential(credential), [], options);
  };
  const ofToken = {
    keys,
    now,
    ...(status === undefined ? {} : { status }),
    ...(checkStatus === undefined ? {} : { checkStatus }),
  };
  switch (held.format) {
    case "ldp_vc":
      await verifyCredential(held.claims, options);
      return;
    case "jwt_vc_json":
      await verifyJwtCredential(held.text, { keys, now, check });
      return;
    case "vc+sd-jwt":
      await verifyEnveloped(`data:application/vc+sd-jwt,${held.text}`, { ...ofToken, check });
      return;
    case "dc+sd-jwt": {
      const { issuer, type } = await verifySdJwt(held.text, ofToken);
      if (options.recognised !== undefined && !(await options.recognised(issuer, [type], now)))
        throw credentialError("credentials.issuer", "the issuer is not recognised for this type of credential", {
          issuer: issuer.slice(0, 200),
          types: [type],
        });
    }
  }
}
