import type { Json, JsonObject } from "#base";
import { CREDENTIALS_V2 } from "../credentials/contexts/bundled-contexts.ts";
import { isObject, refuseDocument } from "../credentials/document-parts.ts";
import { checkCredential } from "../credentials/model.ts";
import type { VerifyOptions } from "../credentials/verify-credential.ts";
import { openSdJwt, verifySdJwt } from "../sd-jwt/verify-sd-jwt.ts";
import { type EnvelopeType, type VerifiedEnvelope, verifyDocument, verifyJwtCredential } from "./jwt-credential.ts";
import { idOf, requireConsistent, requireDid, requireNoWrapper, withoutJwtClaims } from "./vc-claims.ts";

const TYPES: readonly string[] = ["application/vc+jwt", "application/vc+sd-jwt", "application/dc+sd-jwt"];
/** A token and what stands before it. */
const LONGEST = (1 << 23) + 64;

/** An `EnvelopedVerifiableCredential` around a secured credential. */
export function envelopCredential(secured: string, mediaType: EnvelopeType): JsonObject {
  return { "@context": CREDENTIALS_V2, id: `data:${mediaType},${secured}`, type: "EnvelopedVerifiableCredential" };
}

/** Whether a document says that it is an envelope. */
export function isEnvelope(document: Json | undefined): document is JsonObject {
  if (!isObject(document)) return false;
  const { type } = document;
  return (Array.isArray(type) ? type : [type]).includes("EnvelopedVerifiableCredential");
}

/**
 * Opens and verifies an envelope: a JWT or SD-JWT of VC Data Model 2.0, or an SD-JWT VC. No proof of a holder's key is asked for: the
 * presentation that the envelope is in is that proof.
 *
 * @param envelope - the object, or the `data:` URL that is its id
 * @returns of an SD-JWT VC its claims as `credential`, `vct` as its type, `iat` or `nbf` and `exp` as its validity
 * @throws HansaError `credentials.*`
 * @example
 * ```ts
 * await verifyPresentation(presentation, { ...options, enveloped: (url) => verifyEnveloped(url, options) });
 * ```
 */
export async function verifyEnveloped(
  envelope: string | JsonObject,
  options: VerifyOptions,
): Promise<VerifiedEnvelope> {
  const { mediaType, secured } = openDataUrl(typeof envelope === "string" ? envelope : urlOf(envelope));
  switch (mediaType) {
    case "application/vc+jwt": {
      const verified = await verifyJwtCredential(secured, options);
      if (verified.mediaType !== mediaType) throw refuseDocument("/id", "holds a credential of data model 1.1");
      return verified;
    }
    // SD-JWT VC had this media type in its drafts, too. In an envelope it is VC-JOSE-COSE's.
    case "application/vc+sd-jwt":
      return verifySdJwtCredential(secured, options);
    case "application/dc+sd-jwt":
      return verifySdJwtClaims(secured, options);
  }
}

/**
 * Verifies a VC Data Model 2.0 credential secured with SD-JWT (VC-JOSE-COSE §3.2.1).
 *
 * @throws HansaError `credentials.*`
 */
export async function verifySdJwtCredential(text: string, options: VerifyOptions): Promise<VerifiedEnvelope> {
  const { claims, issuer, key, typ } = await openSdJwt(text, options, (signed) =>
    requireDid(idOf(signed["issuer"]), "issuer"),
  );
  if (typ !== "vc+sd-jwt") throw refuseDocument("", "is an SD-JWT VC, and not of VC Data Model");
  requireNoWrapper(claims);
  const credential = withoutJwtClaims(claims);
  requireConsistent(claims, credential, issuer);
  return { ...(await verifyDocument(credential, "2.0", options)), mediaType: "application/vc+sd-jwt", key };
}

async function verifySdJwtClaims(text: string, options: VerifyOptions): Promise<VerifiedEnvelope> {
  const { claims, issuer, type, key } = await verifySdJwt(text, options);
  const seconds = (value: Json | undefined) => (typeof value === "number" ? value * 1000 : undefined);
  return {
    credential: claims,
    id: undefined,
    issuer,
    types: [type],
    validFrom: seconds(claims["nbf"] ?? claims["iat"]),
    validUntil: seconds(claims["exp"]),
    proofs: [],
    unchecked: claims["status"] !== undefined && options.checkStatus === false ? ["status"] : [],
    mediaType: "application/dc+sd-jwt",
    key,
  };
}

function urlOf(envelope: JsonObject): string {
  const { enveloped, id } = checkCredential(envelope);
  if (!enveloped || id === undefined) throw refuseDocument("/type", "is not EnvelopedVerifiableCredential");
  return id;
}

function openDataUrl(url: string): { mediaType: EnvelopeType; secured: string } {
  if (url.length > LONGEST) throw refuseDocument("/id", `is longer than ${LONGEST} characters`);
  // RFC 2397. No parameter is known of these types, and base64 of what is text already would give it a second spelling.
  const comma = url.indexOf(",");
  if (!url.startsWith("data:") || comma < 0) throw refuseDocument("/id", "is no data: URL");
  const mediaType = url.slice("data:".length, comma).toLowerCase();
  if (!TYPES.includes(mediaType)) throw refuseDocument("/id", "is of no media type of a secured credential");
  return { mediaType: mediaType as EnvelopeType, secured: url.slice(comma + 1) };
}
