/** The verifier's side of OpenID4VP 1.0: what a wallet answers, held against what it was asked. */
import { DcqlPresentationResult, type DcqlQuery } from "dcql";
import { canonicalJson, encodeBase64Url, encodeUtf8, isHansaError, type Json, type JsonObject } from "#base";
import { sha256 } from "#crypto";
import type { CredentialKey } from "../credentials/credential-key.ts";
import { entriesOf, isObject } from "../credentials/document-parts.ts";
import { credentialError } from "../credentials/errors.ts";
import { type VerifiedCredential, type VerifyOptions, verifyCredential } from "../credentials/verify-credential.ts";
import { type VerifiedPresentation, verifyPresentation } from "../credentials/verify-presentation.ts";
import { jwkOfKey } from "../jose/jwk.ts";
import { verifyJwtCredential } from "../jose/jwt-credential.ts";
import { verifyJwtPresentation } from "../jose/jwt-presentation.ts";
import { idOf } from "../jose/vc-claims.ts";
import { type ClaimPath, runTogether } from "../sd-jwt/claim-path.ts";
import { verifySdJwt } from "../sd-jwt/verify-sd-jwt.ts";
import { expandTypes } from "../wallet/expand-types.ts";
import { parseQuery } from "../wallet/match-query.ts";
import { openidError } from "./errors.ts";

/** One credential that was shown, and held. */
export interface VerifiedShown {
  readonly format: string;
  readonly issuer: string;
  readonly types: readonly string[];
  readonly claims: JsonObject;
  /** DID, or thumbprint of the key (RFC 7638), of whoever showed it; `null` where no proof of a key was asked for. */
  readonly holder: string | null;
}

/** What a verifier goes by. */
export interface VpTokenDemand extends Omit<VerifyOptions, "purpose"> {
  /** DCQL, as it was sent. */
  readonly query: Json;
  /** The verifier's whole name, with its prefix: presentations have to be made for it. */
  readonly clientId: string;
  readonly nonce: string;
}

type Part = DcqlQuery.Output["credentials"][number];

/** Formats that are verified. */
export const VP_FORMATS = ["dc+sd-jwt", "ldp_vc", "jwt_vc_json"] as const;
const MOST = 32;

/**
 * Checks a query that is about to be asked: what nobody here could verify, is not asked for.
 *
 * @throws HansaError `openid.query`
 */
export function checkVpQuery(query: Json): void {
  const refuse = (problem: string) => openidError("openid.query", problem, { problem });
  for (const { id, format, ...part } of parse(query).credentials) {
    if (!VP_FORMATS.some((known) => known === format)) throw refuse(`${id}: ${format} is not verified here`);
    if (part.trusted_authorities !== undefined)
      throw refuse(`${id}: trusted_authorities are not known here; ask for recognised issuers`);
  }
}

/** @throws HansaError `openid.query` */
function parse(query: Json): DcqlQuery.Output {
  try {
    return parseQuery(query);
  } catch (error) {
    if (!isHansaError(error, "wallet.query")) throw error;
    throw openidError("openid.query", error.message, error.payload, error);
  }
}

/**
 * Verifies a `vp_token`: each presentation for this verifier and nonce, each credential in it, that all of it together is what was asked for,
 * and that no more was disclosed.
 *
 * @throws HansaError `openid.unsatisfied`, `openid.too-much`, `openid.request`, `credentials.*`
 * @example
 * ```ts
 * const { home } = await verifyVpToken(JSON.parse(form.vp_token), { query, clientId, nonce, keys, now, status });
 * ```
 */
export async function verifyVpToken(
  token: Json,
  demand: VpTokenDemand,
): Promise<Readonly<Record<string, readonly VerifiedShown[]>>> {
  const query = parse(demand.query);
  if (!isObject(token)) throw malformed("vp_token is no object");
  const shown: Record<string, VerifiedShown[]> = {};
  for (const [id, presentations] of Object.entries(token)) {
    const part = query.credentials.find((one) => one.id === id);
    if (part === undefined)
      throw openidError("openid.unsatisfied", "there is an answer to what was not asked for", {
        part: id.slice(0, 100),
      });
    // §8.1: an array in any case.
    if (!Array.isArray(presentations) || presentations.length === 0 || presentations.length > MOST)
      throw malformed(`vp_token has an array of 1 to ${MOST} presentations for each part`);
    const verified: VerifiedShown[] = [];
    for (const presentation of presentations as Json[]) verified.push(await verifyOne(presentation, part, demand));
    shown[id] = verified;
  }
  requireSatisfied(query, shown);
  return shown;
}

async function verifyOne(presentation: Json, part: Part, demand: VpTokenDemand): Promise<VerifiedShown> {
  switch (part.format) {
    case "dc+sd-jwt":
      return verifySelective(presentation, part, demand);
    case "ldp_vc":
      return verifyIntegrity(presentation, part, demand);
    case "jwt_vc_json":
      return verifyJose(presentation, part, demand);
    default:
      throw openidError("openid.query", `${part.format} is not verified here`);
  }
}

/** Appendix B.3: an SD-JWT with the proof of its holder's key. */
async function verifySelective(presentation: Json, part: Part, demand: VpTokenDemand): Promise<VerifiedShown> {
  const text = textOf(presentation);
  const { clientId: audience, nonce } = demand;
  // One that comes with a proof though none was wanted is made for us all the same.
  const bound = part.require_cryptographic_holder_binding || !text.endsWith("~");
  const verified = await verifySdJwt(text, { ...demand, ...(bound ? { keyBinding: { audience, nonce } } : {}) });
  const { issuer, type, claims, disclosed, keyBinding } = verified;
  const asked: readonly ClaimPath[] = (part.claims ?? []).flatMap((claim) =>
    "path" in claim && claim.path !== undefined ? [claim.path as ClaimPath] : [],
  );
  const more = disclosed.filter((path) => !asked.some((wanted) => runTogether(wanted, path)));
  if (more.length > 0)
    throw openidError("openid.too-much", "more was disclosed than was asked for", {
      claims: more.length,
      part: part.id,
    });
  return {
    format: part.format,
    issuer,
    types: [type],
    claims,
    holder: keyBinding === undefined ? null : thumbprintOf(keyBinding.key),
  };
}

/** Appendix B.1.3.2: `challenge` is the nonce, `domain` the client's name. */
async function verifyIntegrity(presentation: Json, part: Part, demand: VpTokenDemand): Promise<VerifiedShown> {
  const { clientId: domain, nonce: challenge } = demand;
  if (!isObject(presentation)) throw malformed(`${part.id} is answered with an object`);
  const isCredential = entriesOfType(presentation).includes("VerifiableCredential");
  if (isCredential && !part.require_cryptographic_holder_binding)
    return describe(await verifyCredential(presentation, demand), null, part);
  return describeSole(await verifyPresentation(presentation, { ...demand, challenge, domain }), part);
}

/** Appendix B.1.3.1: `nonce` and `aud` of the presentation's token. */
async function verifyJose(presentation: Json, part: Part, demand: VpTokenDemand): Promise<VerifiedShown> {
  const text = textOf(presentation);
  const { clientId: domain, nonce: challenge } = demand;
  if (!part.require_cryptographic_holder_binding && isCredentialToken(text))
    return describe(await verifyJwtCredential(text, demand), null, part);
  return describeSole(await verifyJwtPresentation(text, { ...demand, challenge, domain }), part);
}

/** A presentation answers with one credential, and whoever presents it has to be whom it is about. */
function describeSole({ credentials, presenter }: VerifiedPresentation, part: Part): VerifiedShown {
  const [credential, second] = credentials;
  if (credential === undefined || second !== undefined)
    throw openidError("openid.unsatisfied", "a presentation holds one credential", { part: part.id });
  const subject = credential.credential["credentialSubject"];
  const subjects: readonly (Json | undefined)[] = Array.isArray(subject) ? subject : [subject];
  const ids = subjects.map((one) => idOf(one));
  if (part.require_cryptographic_holder_binding && !ids.every((id) => id === presenter))
    throw credentialError("credentials.holder", "the credential is about somebody else than who presents it");
  return describe(credential, presenter, part);
}

function describe({ credential, issuer, types }: VerifiedCredential, holder: string | null, part: Part): VerifiedShown {
  return { format: part.format, issuer, types, claims: credential, holder };
}

function requireSatisfied(query: DcqlQuery.Output, shown: Readonly<Record<string, readonly VerifiedShown[]>>): void {
  const presented = Object.fromEntries(
    Object.entries(shown).map(([id, list]) => [
      id,
      list.map(({ format, types, claims, holder }) => ({
        credential_format: format,
        cryptographic_holder_binding: holder !== null,
        claims,
        ...(format === "dc+sd-jwt" ? { vct: types[0] } : { type: expandTypes(claims) }),
      })),
    ]),
  );
  let isSatisfied: boolean;
  try {
    isSatisfied = DcqlPresentationResult.fromDcqlPresentation(presented as never, {
      dcqlQuery: query,
    }).can_be_satisfied;
  } catch {
    isSatisfied = false;
  }
  if (!isSatisfied) throw openidError("openid.unsatisfied", "what was shown is not what was asked for");
}

/** RFC 7638, of the members that the key's type needs. */
function thumbprintOf(key: CredentialKey): string {
  return encodeBase64Url(sha256(encodeUtf8(canonicalJson(jwkOfKey(key)))));
}

function isCredentialToken(text: string): boolean {
  try {
    const [, claims = ""] = text.split(".");
    const parsed = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))) as JsonObject;
    return parsed["vc"] !== undefined || entriesOfType(parsed).includes("VerifiableCredential");
  } catch {
    return false;
  }
}

function entriesOfType({ type = [] }: JsonObject): readonly Json[] {
  return entriesOf(type, "/type", 64);
}

function textOf(presentation: Json): string {
  if (typeof presentation !== "string") throw malformed("a presentation of this format is text");
  return presentation;
}

function malformed(problem: string) {
  return openidError("openid.request", problem, { problem });
}
