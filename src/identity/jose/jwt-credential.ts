/** Credentials secured by JOSE: VC-JOSE-COSE §3.1.1 for VC Data Model 2.0, and JWT credentials of 1.1, which are verified only. */
import type { JsonObject } from "#base";
import { credentialError } from "../credentials/errors.ts";
import type { CredentialSigner, KeyFinder, VerificationKey } from "../credentials/keys.ts";
import { decodeCompactJws, signCompactJws, verifySignedBy } from "./compact-jws.ts";
import { checkTokenTime } from "./token-time.ts";
import {
  credentialOfClaims,
  idOf,
  requireConsistent,
  requireDid,
  requireNoWrapper,
  withoutJwtClaims,
} from "./vc-claims.ts";

/**
 * Signs a VC Data Model 2.0 credential as `application/vc+jwt`.
 *
 * @param credential - whose model was checked before; its issuer is the signer
 * @throws HansaError `credentials.document`
 */
export function issueJwtCredential(credential: JsonObject, signer: CredentialSigner): string {
  if (idOf(credential["issuer"]) !== signer.controller)
    throw credentialError("credentials.document", "the issuer is another than the signer", { path: "/issuer" });
  requireNoWrapper(credential);
  return signCompactJws({ kid: signer.id, typ: "vc+jwt", cty: "vc" }, credential, signer);
}

/** What a verifier of JOSE goes by. */
export interface VerifyJwtOptions {
  readonly keys: KeyFinder;
  /** Milliseconds. */
  readonly now: number;
  /**
   * All that is checked of a credential but who signed it: data model, times, status, schema. Throws `credentials.*`. It is asked when the signature
   * held.
   */
  readonly check: (credential: JsonObject) => Promise<unknown> | unknown;
}

/** A credential that held. */
export interface VerifiedJwtCredential {
  readonly credential: JsonObject;
  /** Of the data model. */
  readonly version: "1.1" | "2.0";
  /** DID. */
  readonly issuer: string;
  readonly key: VerificationKey;
}

/**
 * Verifies a credential in a JWT.
 *
 * @throws HansaError `credentials.*`
 * @example
 * ```ts
 * const { credential } = await verifyJwtCredential(token, { keys, now: Date.now(), check: checkModel });
 * ```
 */
export async function verifyJwtCredential(text: string, options: VerifyJwtOptions): Promise<VerifiedJwtCredential> {
  const token = decodeCompactJws(text, ["vc+jwt", "jwt", undefined]);
  const { claims } = token;
  const isOld = claims["vc"] !== undefined;
  const { typ, cty } = token.header;
  // One that is typed as of 2.0 is read as nothing else: §3.1.3 forbids `vc` in it.
  if (isOld !== (typ === undefined || /^(application\/)?jwt$/i.test(String(typ))))
    throw credentialError("credentials.proof", "the token's typ does not fit its payload", { problem: "typ" });
  if (!isOld && cty !== undefined && cty !== "vc" && cty !== "application/vc")
    throw credentialError("credentials.proof", "the token's cty is not vc", { problem: "cty" });
  if (!isOld) requireNoWrapper(claims);
  const credential = isOld ? credentialOfClaims(claims) : withoutJwtClaims(claims);
  const issuer = requireDid(idOf(credential["issuer"]), "issuer");
  if (!isOld) requireConsistent(claims, credential, issuer);
  const key = await verifySignedBy(token, issuer, "assertionMethod", options.keys);
  checkTokenTime(claims, options.now);
  await options.check(credential);
  return { credential, version: isOld ? "1.1" : "2.0", issuer, key };
}
