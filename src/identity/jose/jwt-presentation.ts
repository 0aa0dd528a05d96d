/** Presentations secured by JOSE: VC-JOSE-COSE §3.1.2 for VC Data Model 2.0, and JWT presentations of 1.1, which are verified only. */
import type { Json, JsonObject } from "#base";
import { credentialError } from "../credentials/errors.ts";
import type { CredentialSigner, VerificationKey } from "../credentials/keys.ts";
import { isJsonObject } from "../json-object.ts";
import { decodeCompactJws, signCompactJws, verifySignedBy } from "./compact-jws.ts";
import { isEnvelope, type VerifyEnvelopeOptions, verifyEnveloped } from "./envelope.ts";
import { verifyJwtCredential } from "./jwt-credential.ts";
import { checkTokenTime } from "./token-time.ts";
import { idOf, requireConsistent, requireDid, requireNoWrapper, withoutJwtClaims } from "./vc-claims.ts";

/** Most credentials of a presentation. */
const MOST = 64;

/** Whom a presentation is made for. Times in seconds. */
export interface JwtPresentationOptions {
  readonly audience: string;
  readonly nonce: string;
  readonly issuedAt: number;
  readonly expires: number;
}

/**
 * Signs a presentation as `application/vp+jwt`; its holder is the signer.
 *
 * @throws HansaError `credentials.document`
 */
export function issueJwtPresentation(
  presentation: JsonObject,
  signer: CredentialSigner,
  { audience, nonce, issuedAt, expires }: JwtPresentationOptions,
): string {
  const holder = presentation["holder"];
  if (holder !== undefined && idOf(holder) !== signer.controller)
    throw credentialError("credentials.document", "the holder is another than the signer", { path: "/holder" });
  requireNoWrapper(presentation);
  const claims = { holder: signer.controller, ...presentation, aud: audience, nonce, iat: issuedAt, exp: expires };
  return signCompactJws({ kid: signer.id, typ: "vp+jwt", cty: "vp" }, claims, signer);
}

/** What a verifier of presentations goes by. */
export interface VerifyJwtPresentationOptions extends Omit<VerifyEnvelopeOptions, "keyBinding"> {
  readonly audience: string;
  readonly nonce: string;
  /** What the data model says of presentations. */
  readonly checkPresentation: (presentation: JsonObject) => Promise<unknown> | unknown;
  /** Verifies a credential that has its own proof in it, and all else of it. */
  readonly verifyEmbedded: (credential: JsonObject) => Promise<unknown>;
}

/** A presentation that held, with all its credentials. */
export interface VerifiedJwtPresentation {
  readonly presentation: JsonObject;
  /** DID. */
  readonly holder: string;
  readonly key: VerificationKey;
  readonly credentials: readonly JsonObject[];
}

/**
 * Verifies a presentation in a JWT, and each credential in it.
 *
 * @throws HansaError `credentials.*`
 */
export async function verifyJwtPresentation(
  text: string,
  options: VerifyJwtPresentationOptions,
): Promise<VerifiedJwtPresentation> {
  const token = decodeCompactJws(text, ["vp+jwt", "jwt", undefined]);
  const { claims } = token;
  const { vp } = claims;
  const isOld = vp !== undefined;
  const { typ, cty } = token.header;
  if (isOld !== (typ === undefined || /^(application\/)?jwt$/i.test(String(typ))))
    throw credentialError("credentials.proof", "the token's typ does not fit its payload", { problem: "typ" });
  if (!isOld && cty !== undefined && cty !== "vp" && cty !== "application/vp")
    throw credentialError("credentials.proof", "the token's cty is not vp", { problem: "cty" });
  if (!isOld) requireNoWrapper(claims);
  const presentation = isOld ? presentationOf(vp, claims["iss"]) : withoutJwtClaims(claims);
  const holder = requireDid(idOf(presentation["holder"]), "holder");
  requireConsistent(claims, presentation, holder);
  const key = await verifySignedBy(token, holder, "authentication", options.keys);
  const { nonce, aud } = claims;
  if (nonce !== options.nonce) throw credentialError("credentials.challenge", "the presentation answers another nonce");
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (audiences.length !== 1 || audiences[0] !== options.audience)
    throw credentialError("credentials.domain", "the presentation was made for another verifier");
  checkTokenTime(claims, options.now);
  await options.checkPresentation(presentation);
  return { presentation, holder, key, credentials: await verifyContained(presentation, options) };
}

function presentationOf(vp: Json, iss: Json | undefined): JsonObject {
  if (!isJsonObject(vp)) throw credentialError("credentials.document", "vp is no object", { path: "/vp" });
  return { holder: iss ?? null, ...vp };
}

async function verifyContained(
  { verifiableCredential = [] }: JsonObject,
  options: VerifyJwtPresentationOptions,
): Promise<JsonObject[]> {
  const contained: readonly Json[] = Array.isArray(verifiableCredential)
    ? verifiableCredential
    : [verifiableCredential];
  if (contained.length > MOST)
    throw credentialError("credentials.document", `a presentation has at most ${MOST} credentials`, { limit: MOST });
  const { keys, now, check, status, checkStatus } = options;
  // A proof of the holder's key in an envelope was made for whoever demanded it there: here the presentation is that proof.
  const inner = {
    keys,
    now,
    check,
    ...(status === undefined ? {} : { status }),
    ...(checkStatus === undefined ? {} : { checkStatus }),
  };
  const credentials: JsonObject[] = [];
  for (const credential of contained) {
    if (typeof credential === "string") credentials.push((await verifyJwtCredential(credential, inner)).credential);
    else if (isEnvelope(credential)) credentials.push((await verifyEnveloped(credential, inner)).credential);
    else if (isJsonObject(credential)) {
      await options.verifyEmbedded(credential);
      credentials.push(credential);
    } else
      throw credentialError("credentials.document", "a credential of the presentation is none", {
        path: "/verifiableCredential",
      });
  }
  return credentials;
}
