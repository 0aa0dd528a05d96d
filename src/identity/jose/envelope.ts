import type { Json, JsonObject } from "#base";
import { credentialError } from "../credentials/errors.ts";
import type { VerificationKey } from "../credentials/keys.ts";
import { isJsonObject } from "../json-object.ts";
import { openSdJwt, type VerifySdJwtOptions, verifySdJwt } from "../sd-jwt/verify-sd-jwt.ts";
import { type VerifyJwtOptions, verifyJwtCredential } from "./jwt-credential.ts";
import { idOf, requireConsistent, requireDid, requireNoWrapper, withoutJwtClaims } from "./vc-claims.ts";

/** Media types that an envelope may hold (VC Data Model 2.0 §4.14, VC-JOSE-COSE §6.1). */
export type EnvelopeType = "application/vc+jwt" | "application/vc+sd-jwt" | "application/dc+sd-jwt";

const TYPES: readonly string[] = ["application/vc+jwt", "application/vc+sd-jwt", "application/dc+sd-jwt"];
const LONGEST = 1 << 20;
const CONTEXT = "https://www.w3.org/ns/credentials/v2";

/** How envelopes are verified. `status` and `checkStatus` are of SD-JWT VC; what is of the data model has its status in `check`. */
export type VerifyEnvelopeOptions = VerifyJwtOptions &
  Pick<VerifySdJwtOptions, "status" | "checkStatus" | "keyBinding">;

/** What was in an envelope, and held. */
export interface VerifiedEnvelope {
  readonly mediaType: EnvelopeType;
  /** A credential of VC Data Model 2.0; of SD-JWT VC its claims. */
  readonly credential: JsonObject;
  /** Whether the credential is of VC Data Model. */
  readonly isOfDataModel: boolean;
  /** DID. */
  readonly issuer: string;
  readonly key: VerificationKey;
}

/** An `EnvelopedVerifiableCredential` around a secured credential. */
export function envelopCredential(secured: string, mediaType: EnvelopeType): JsonObject {
  return { "@context": CONTEXT, id: `data:${mediaType},${secured}`, type: "EnvelopedVerifiableCredential" };
}

/** Whether a document is an envelope, and none of the things that have a proof of their own. */
export function isEnvelope(document: Json | undefined): document is JsonObject {
  if (!isJsonObject(document)) return false;
  const { type } = document;
  return (Array.isArray(type) ? type : [type]).includes("EnvelopedVerifiableCredential");
}

/**
 * Opens and verifies an envelope.
 *
 * @param envelope - the object, or the `data:` URL that is its id
 * @throws HansaError `credentials.*`
 * @example
 * ```ts
 * await verifyEnveloped("data:application/vc+jwt,eyJ…", { keys, now, check });
 * ```
 */
export async function verifyEnveloped(
  envelope: string | JsonObject,
  options: VerifyEnvelopeOptions,
): Promise<VerifiedEnvelope> {
  const { mediaType, secured } = openDataUrl(typeof envelope === "string" ? envelope : urlOf(envelope));
  if (mediaType === "application/vc+jwt") {
    const { credential, issuer, key, version } = await verifyJwtCredential(secured, options);
    if (version !== "2.0") throw malformed("an envelope of VC Data Model 2.0 holds none of 1.1");
    return { mediaType, credential, isOfDataModel: true, issuer, key };
  }
  // SD-JWT VC had this media type in its drafts, too. In an envelope it is VC-JOSE-COSE's.
  if (mediaType === "application/vc+sd-jwt") return verifyDataModelSdJwt(secured, mediaType, options);
  const { claims, issuer, key } = await verifySdJwt(secured, options);
  return { mediaType, credential: claims, isOfDataModel: false, issuer, key };
}

/** VC-JOSE-COSE §3.2.1: a credential of VC Data Model 2.0, secured with SD-JWT. */
async function verifyDataModelSdJwt(
  secured: string,
  mediaType: EnvelopeType,
  options: VerifyEnvelopeOptions,
): Promise<VerifiedEnvelope> {
  const { claims, issuer, key, typ } = await openSdJwt(secured, options, (signed) => idOf(signed["issuer"]));
  if (typ !== "vc+sd-jwt" || claims["@context"] === undefined)
    throw malformed("the envelope does not hold what its media type says");
  requireNoWrapper(claims);
  const credential = withoutJwtClaims(claims);
  requireConsistent(claims, credential, requireDid(issuer, "issuer"));
  await options.check(credential);
  return { mediaType, credential, isOfDataModel: true, issuer, key };
}

function urlOf({ id, type, "@context": context }: JsonObject): string {
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  if (types.length !== 1 || types[0] !== "EnvelopedVerifiableCredential") throw malformed("type is not an envelope's");
  if ((Array.isArray(context) ? context[0] : context) !== CONTEXT) throw malformed("@context is not an envelope's");
  if (typeof id !== "string") throw malformed("id is no data: URL");
  return id;
}

function openDataUrl(url: string): { mediaType: EnvelopeType; secured: string } {
  if (url.length > LONGEST) throw malformed(`it is longer than ${LONGEST} characters`);
  // RFC 2397. No parameter is known of these types, and base64 of what is text already would give it a second spelling.
  const comma = url.indexOf(",");
  if (!url.startsWith("data:") || comma < 0) throw malformed("id is no data: URL");
  const mediaType = url.slice("data:".length, comma).toLowerCase();
  if (!TYPES.includes(mediaType)) throw malformed("its media type is not one of a secured credential");
  return { mediaType: mediaType as EnvelopeType, secured: url.slice(comma + 1) };
}

function malformed(problem: string) {
  return credentialError("credentials.document", `the enveloped credential is malformed: ${problem}`, {
    path: "/id",
    problem,
  });
}
