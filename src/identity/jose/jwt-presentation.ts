/** Presentations secured by JOSE: VC-JOSE-COSE §3.1.2 for VC Data Model 2.0, and JWT presentations of 1.1, which are verified only. */
import type { Json, JsonObject } from "#base";
import { DOCUMENT_LIMITS, entriesOf, isObject, refuseDocument } from "../credentials/document-parts.ts";
import { credentialError } from "../credentials/errors.ts";
import type { CredentialSigner, VerificationKey } from "../credentials/keys.ts";
import { type CheckedPresentation, checkPresentation } from "../credentials/model.ts";
import { checkTerms } from "../credentials/terms/check-terms.ts";
import type { ContextSource } from "../credentials/terms/process-context.ts";
import type { VerifiedCredential } from "../credentials/verify-credential.ts";
import {
  type VerifiedPresentation,
  type VerifyPresentationOptions,
  verifyContained,
} from "../credentials/verify-presentation.ts";
import { decodeCompactJws, signCompactJws, verifySignedBy } from "./compact-jws.ts";
import { verifyEnveloped } from "./envelope.ts";
import { verifyJwtCredential } from "./jwt-credential.ts";
import { checkTokenTime } from "./token-time.ts";
import { idOf, requireConsistent, requireDid, requireNoWrapper, requireTyped, withoutJwtClaims } from "./vc-claims.ts";

/** Whom a presentation is made for. Times in seconds. */
export interface JwtPresentationOptions {
  /** The verifier's own name. */
  readonly domain: string;
  /** What the verifier asked with. */
  readonly challenge: string;
  readonly issuedAt: number;
  readonly expires: number;
}

/**
 * Signs a presentation as `application/vp+jwt`; its holder is the signer.
 *
 * @returns the token
 * @throws HansaError `credentials.document`, `credentials.context`, `credentials.term`, `credentials.holder` where the presentation names another holder
 * @example
 * ```ts
 * const token = issueJwtPresentation(makePresentation([envelope]), signer, { domain, challenge, issuedAt, expires: issuedAt + 60 });
 * ```
 */
export function issueJwtPresentation(
  presentation: JsonObject,
  signer: CredentialSigner,
  { domain, challenge, issuedAt, expires }: JwtPresentationOptions,
): string {
  const { holder } = checkPresentation(presentation);
  if (holder !== undefined && holder !== signer.controller)
    throw credentialError("credentials.holder", "the presentation names another holder than the one who signs", {
      holder: holder.slice(0, 200),
    });
  requireNoWrapper(presentation);
  checkOwnTerms(presentation, undefined);
  const claims = {
    holder: signer.controller,
    ...presentation,
    aud: domain,
    nonce: challenge,
    iat: issuedAt,
    exp: expires,
  };
  return signCompactJws({ kid: signer.id, typ: "vp+jwt", cty: "vp" }, claims, signer);
}

/** A presentation in a token that held. Its `proofs` are empty: the token is the proof. */
export interface VerifiedJwtPresentation extends VerifiedPresentation {
  readonly key: VerificationKey;
}

/**
 * Verifies a presentation in a JWT, of VC Data Model 2.0 (`typ: vp+jwt`) or 1.1 (claim `vp`), and each credential in it.
 *
 * @param options - `challenge` is what `nonce`, and `domain` what `aud` has to be; envelopes are opened with the same options
 * @throws HansaError `credentials.*`
 */
export async function verifyJwtPresentation(
  text: string,
  options: VerifyPresentationOptions & { readonly challenge: string; readonly domain: string | readonly string[] },
): Promise<VerifiedJwtPresentation> {
  const token = decodeCompactJws(text, ["vp+jwt", "jwt", undefined]);
  const { claims } = token;
  const isOld = requireTyped(token, "vp");
  const document = isOld ? presentationOfClaims(claims) : withoutJwtClaims(claims);
  const presenter = requireDid(idOf(document["holder"]), "holder");
  requireConsistent(claims, document, presenter);
  const key = await verifySignedBy(token, presenter, "authentication", options.keys);
  requireAnswer(claims, options);
  checkTokenTime(claims, options.now);
  const { tokens, checked } = separateTokens(document, isOld);
  if (!isOld) checkOwnTerms(document, options.contexts);
  const credentials: VerifiedCredential[] = [];
  // `challenge` and `domain` are the presentation's, and so is `purpose`.
  const { challenge: _, domain: __, purpose: ___, enveloped, ...inner } = options;
  for (const one of tokens) credentials.push(await verifyJwtCredential(one, inner));
  const opens = { ...inner, enveloped: enveloped ?? ((url: string) => verifyEnveloped(url, inner)) };
  credentials.push(...(await verifyContained(checked, opens)));
  return { presentation: document, id: checked.id, presenter, proofs: [], credentials, key };
}

/** Its credentials have contexts of their own, and are checked each for itself. */
function checkOwnTerms(presentation: JsonObject, contexts: ContextSource | undefined): void {
  const { verifiableCredential: _, ...own } = presentation;
  checkTerms(own, contexts);
}

function requireAnswer(
  { nonce, aud }: JsonObject,
  { challenge, domain }: { readonly challenge: string; readonly domain: string | readonly string[] },
): void {
  if (nonce !== challenge) throw credentialError("credentials.challenge", "the presentation answers another nonce");
  // Whoever is named beside the verifier could take the presentation on to him.
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const names: readonly unknown[] = typeof domain === "string" ? [domain] : domain;
  if (audiences.length === 0 || !audiences.every((audience) => names.includes(audience)))
    throw credentialError("credentials.domain", "the presentation was made for another verifier");
}

function presentationOfClaims({ vp, iss, jti }: JsonObject): JsonObject {
  if (!isObject(vp)) throw refuseDocument("/vp", "is no object");
  return { ...(iss === undefined ? {} : { holder: iss }), ...(jti === undefined ? {} : { id: jti }), ...vp };
}

/** In JWT presentations of 1.1 credentials are tokens (§6.3.1 there), which in 2.0 stand in envelopes. */
function separateTokens(
  document: JsonObject,
  isOld: boolean,
): { tokens: readonly string[]; checked: CheckedPresentation } {
  const { verifiableCredential, ...rest } = document;
  if (!isOld || verifiableCredential === undefined) return { tokens: [], checked: checkPresentation(document) };
  const path = "/verifiableCredential";
  const entries = entriesOf(verifiableCredential, path, DOCUMENT_LIMITS.credentials);
  const tokens = entries.filter((entry): entry is string => typeof entry === "string");
  const others: readonly Json[] = entries.filter((entry) => typeof entry !== "string");
  return { tokens, checked: checkPresentation(others.length === 0 ? rest : { ...rest, verifiableCredential: others }) };
}
