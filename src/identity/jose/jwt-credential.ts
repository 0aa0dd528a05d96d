/** Credentials secured by JOSE: VC-JOSE-COSE §3.1.1 for VC Data Model 2.0, and JWT credentials of 1.1, which are verified only. */
import type { JsonObject } from "#base";
import { refuseDocument } from "../credentials/document-parts.ts";
import type { CredentialSigner, VerificationKey } from "../credentials/keys.ts";
import { checkCredential } from "../credentials/model.ts";
import { checkTerms } from "../credentials/terms/check-terms.ts";
import { type VerifiedCredential, type VerifyOptions, verifyClaims } from "../credentials/verify-credential.ts";
import { decodeCompactJws, signCompactJws, verifySignedBy } from "./compact-jws.ts";
import { requireIssuable } from "./issuable.ts";
import { checkTokenTime, readNumericDate } from "./token-time.ts";
import {
  credentialOfClaims,
  idOf,
  requireConsistent,
  requireDid,
  requireTyped,
  withoutJwtClaims,
} from "./vc-claims.ts";

/** A credential in a token that held. Its `proofs` are empty: the token is the proof. */
export interface VerifiedEnvelope extends VerifiedCredential {
  readonly mediaType: EnvelopeType | "application/jwt";
  /** Key that secures it. */
  readonly key: VerificationKey;
}

/** Media types of what secures a credential from without (VC Data Model 2.0 §4.13.1, VC-JOSE-COSE §6.1). */
export type EnvelopeType = "application/vc+jwt" | "application/vc+sd-jwt" | "application/dc+sd-jwt";

/**
 * Issues a VC Data Model 2.0 credential as `application/vc+jwt`.
 *
 * @returns the token
 * @throws HansaError `credentials.document`, `credentials.context`, `credentials.term`, `credentials.key` where the issuer is another
 * than the signer
 * @example
 * ```ts
 * const envelope = envelopCredential(issueJwtCredential(credential, signer), "application/vc+jwt");
 * ```
 */
export function issueJwtCredential(credential: JsonObject, signer: CredentialSigner): string {
  requireIssuable(credential, signer);
  return signCompactJws({ kid: signer.id, typ: "vc+jwt", cty: "vc" }, credential, signer);
}

/**
 * Verifies a credential in a JWT, of VC Data Model 2.0 (`typ: vc+jwt`) or 1.1 (claim `vc`), and all that `verifyClaims` looks at.
 *
 * @throws HansaError `credentials.*`
 * @example
 * ```ts
 * const { credential, issuer } = await verifyJwtCredential(token, { keys, now: Date.now() });
 * ```
 */
export async function verifyJwtCredential(text: string, options: VerifyOptions): Promise<VerifiedEnvelope> {
  const token = decodeCompactJws(text, ["vc+jwt", "jwt", undefined]);
  const { claims } = token;
  const isOld = requireTyped(token, "vc");
  const credential = isOld ? credentialOfClaims(claims) : withoutJwtClaims(claims);
  const issuer = requireDid(idOf(credential["issuer"]), "issuer");
  if (!isOld) requireConsistent(claims, credential, issuer);
  const key = await verifySignedBy(token, issuer, "assertionMethod", options.keys);
  checkTokenTime(claims, options.now);
  const verified = await verifyDocument(credential, isOld ? "1.1" : "2.0", options);
  const validUntil = endOf(verified.validUntil, readNumericDate(claims, "exp"));
  return { ...verified, validUntil, mediaType: isOld ? "application/jwt" : "application/vc+jwt", key };
}

/** Ends with its token, if not before. */
function endOf(validUntil: number | undefined, exp: number | undefined): number | undefined {
  if (exp === undefined) return validUntil;
  return Math.min(validUntil ?? Number.POSITIVE_INFINITY, exp * 1000);
}

/**
 * What is left to verify of a credential whose token's signature held.
 *
 * Terms that no context defines are protected by such a signature. But they mean nothing (Data Model 2.0 §5.2), and are refused as they
 * are with every other proof; in JWTs of 1.1 contexts were never read (§6.3.1 there), and here they are not either.
 */
export async function verifyDocument(
  credential: JsonObject,
  model: "1.1" | "2.0",
  options: VerifyOptions,
): Promise<VerifiedCredential> {
  const checked = checkCredential(credential);
  if (checked.enveloped || checked.model !== model) throw refuseDocument("/@context", `is not of data model ${model}`);
  if (model === "2.0") checkTerms(credential, options.contexts);
  return verifyClaims(checked, [], options);
}
