/** Credentials of every format that a wallet holds, read into what it needs to find and present them. Nothing here is verified. */
import { canonicalJson, encodeBase64Url, encodeUtf8, isHansaError, type Json, type JsonObject, parseJson } from "#base";
import { sha256 } from "#crypto";
import { CREDENTIALS_V1 } from "../credentials/contexts/bundled-contexts.ts";
import type { CredentialKey } from "../credentials/credential-key.ts";
import { decodeBaseProof } from "../credentials/data-integrity/sd/sd-proof-value.ts";
import { decodeCompactJws } from "../jose/compact-jws.ts";
import { keyOfJwk } from "../jose/jwk.ts";
import { credentialOfClaims, idOf, withoutJwtClaims } from "../jose/vc-claims.ts";
import type { ClaimPath } from "../sd-jwt/claim-path.ts";
import { readSdJwt } from "../sd-jwt/present-sd-jwt.ts";
import { leavesOf, pointerOf } from "./claims.ts";
import { walletError } from "./errors.ts";

/** Formats by their names in OpenID4VP 1.0 §B: Data Integrity, JOSE-enveloped, SD-JWT VC, and SD-JWT around VC Data Model. */
export type HeldFormat = "ldp_vc" | "jwt_vc_json" | "dc+sd-jwt" | "vc+sd-jwt";

/** Largest credential that is taken, in characters. */
export const MAX_CREDENTIAL = 512 * 1024;
const DEPTH = 32;
/** Most types, and most subjects, of one credential. */
const MANY = 24;

/** A credential as its holder has it. */
export interface HeldCredential {
  /** Digest of the text, 22 characters: the same credential has the same id in every wallet. */
  readonly id: string;
  readonly format: HeldFormat;
  /** Of VC Data Model; `undefined` of SD-JWT VC, which is none of it. */
  readonly version: "1.1" | "2.0" | undefined;
  /** As the issuer gave it: JSON, or a compact token. */
  readonly text: string;
  /** DID, or whatever else the credential names. */
  readonly issuer: string;
  /** `type`, or `vct`. */
  readonly types: readonly string[];
  /** DIDs or other ids of whom it is about. */
  readonly subjects: readonly string[];
  /** Milliseconds since 1970. */
  readonly validFrom: number | undefined;
  readonly validUntil: number | undefined;
  /** Everything that it says, what may be kept back as well. */
  readonly claims: JsonObject;
  /** What may be kept back; `undefined` where the format shows all or nothing. */
  readonly hidden: readonly ClaimPath[] | undefined;
  /** Key that it is bound to (`cnf`), or the DID URL of that key. */
  readonly bound: CredentialKey | string | undefined;
}

/**
 * Reads a credential of any format that the wallet knows.
 *
 * @param input - JSON or compact text; an `EnvelopedVerifiableCredential` is opened
 * @throws HansaError `wallet.format`, `wallet.limit`
 * @example
 * ```ts
 * const { format, issuer, types } = readCredential(text);
 * ```
 */
export function readCredential(input: string): HeldCredential {
  const text = input.trim();
  if (text.length > MAX_CREDENTIAL)
    throw walletError("wallet.limit", `a credential has at most ${MAX_CREDENTIAL} characters`, {
      limit: MAX_CREDENTIAL,
    });
  try {
    if (text.startsWith("{")) return readJson(text);
    return text.includes("~") ? readSelective(text) : readJwt(text);
  } catch (error) {
    if (!isHansaError(error) || error.code.startsWith("wallet.")) throw error;
    throw walletError("wallet.format", `the text is no credential: ${error.message}`, {}, error);
  }
}

function readJson(text: string): HeldCredential {
  const document = parseJson(text, { depth: DEPTH, integers: false }) as JsonObject;
  const types = textsOf(document["type"]);
  if (types.includes("EnvelopedVerifiableCredential")) {
    const inner = /^data:application\/(?:vc\+jwt|vc\+sd-jwt|dc\+sd-jwt),(.+)$/.exec(String(document["id"]))?.[1];
    if (inner === undefined || inner.startsWith("{")) throw refuse("the envelope holds no credential");
    return readCredential(inner);
  }
  if (types.includes("VerifiablePresentation") || types.includes("EnvelopedVerifiablePresentation"))
    throw refuse("it is a presentation, made for somebody else");
  if (document["proof"] === undefined) throw refuse("it has no proof");
  return {
    ...ofDataModel(document),
    id: idOfText(canonicalJson(document)),
    format: "ldp_vc",
    text: JSON.stringify(document),
    hidden: selectableOf(document),
    bound: undefined,
  };
}

function readJwt(text: string): HeldCredential {
  const { claims } = decodeCompactJws(text, ["vc+jwt", "jwt", undefined]);
  const document = claims["vc"] === undefined ? withoutJwtClaims(claims) : credentialOfClaims(claims);
  return {
    ...ofDataModel(document),
    id: idOfText(text),
    format: "jwt_vc_json",
    text,
    hidden: undefined,
    bound: boundOf(claims["cnf"]),
  };
}

function readSelective(text: string): HeldCredential {
  if (!text.endsWith("~")) throw refuse("it is a presentation, made for somebody else");
  const { claims, hidden } = readSdJwt(text);
  const common = { id: idOfText(text), text, hidden, bound: boundOf(claims["cnf"]) };
  if (claims["@context"] !== undefined)
    return { ...ofDataModel(withoutJwtClaims(claims)), ...common, claims, format: "vc+sd-jwt" };
  const { iss, vct, sub, nbf, exp } = claims;
  if (typeof iss !== "string" || typeof vct !== "string") throw refuse("iss or vct is missing");
  return {
    ...common,
    format: "dc+sd-jwt",
    version: undefined,
    issuer: iss,
    types: [vct],
    subjects: typeof sub === "string" ? [sub] : [],
    validFrom: typeof nbf === "number" ? nbf * 1000 : undefined,
    validUntil: typeof exp === "number" ? exp * 1000 : undefined,
    claims,
  };
}

type OfDataModel = Pick<
  HeldCredential,
  "version" | "issuer" | "types" | "subjects" | "validFrom" | "validUntil" | "claims"
>;

function ofDataModel(document: JsonObject): OfDataModel {
  const issuer = idOf(document["issuer"]);
  const types = textsOf(document["type"]);
  if (issuer === undefined || !types.includes("VerifiableCredential")) throw refuse("issuer or type is missing");
  const subject = document["credentialSubject"];
  const subjects: readonly (Json | undefined)[] = Array.isArray(subject) ? subject : [subject];
  if (types.length > MANY || subjects.length > MANY)
    throw walletError("wallet.limit", `a credential has at most ${MANY} types and subjects`, { limit: MANY });
  const context = document["@context"];
  return {
    version: (Array.isArray(context) ? context[0] : context) === CREDENTIALS_V1 ? "1.1" : "2.0",
    issuer,
    types,
    subjects: [...new Set(subjects.map((one) => idOf(one)).filter((id) => id !== undefined))],
    validFrom: momentOf(document["validFrom"] ?? document["issuanceDate"]),
    validUntil: momentOf(document["validUntil"] ?? document["expirationDate"]),
    claims: document,
  };
}

function boundOf(cnf: Json | undefined): CredentialKey | string | undefined {
  if (typeof cnf !== "object" || cnf === null || Array.isArray(cnf)) return undefined;
  const { jwk, kid } = cnf as JsonObject;
  if (jwk !== undefined) return keyOfJwk(jwk);
  return typeof kid === "string" ? kid : undefined;
}

/** Claims that a holder may keep back: of a base proof of `ecdsa-sd-2023`, all that its issuer did not make mandatory. */
function selectableOf(document: JsonObject): ClaimPath[] | undefined {
  const mandatory = mandatoryPointers(document["proof"]);
  if (mandatory === undefined) return undefined;
  return leavesOf(document).filter((leaf) => {
    const pointer = pointerOf(leaf);
    if (["/@context", "/proof", "/id", "/type"].some((known) => isWithin(pointer, known))) return false;
    // A subject's name is shown with whatever is shown of it.
    if (pointer === "/credentialSubject/id") return false;
    return !mandatory.some((known) => isWithin(pointer, known));
  });
}

const isWithin = (pointer: string, outer: string) => pointer === outer || pointer.startsWith(`${outer}/`);

/** `undefined` where there is not one base proof, and no other: derived proofs show what they show. */
function mandatoryPointers(proof: Json | undefined): readonly string[] | undefined {
  if (typeof proof !== "object" || proof === null || Array.isArray(proof)) return undefined;
  const { cryptosuite, proofValue } = proof as JsonObject;
  if (cryptosuite !== "ecdsa-sd-2023" || typeof proofValue !== "string") return undefined;
  try {
    return decodeBaseProof(proofValue).mandatoryPointers;
  } catch (error) {
    if (isHansaError(error, "credentials.proof")) return undefined;
    throw error;
  }
}

function textsOf(value: Json | undefined): string[] {
  const items: readonly (Json | undefined)[] = Array.isArray(value) ? value : [value];
  return items.filter((item): item is string => typeof item === "string");
}

function momentOf(value: Json | undefined): number | undefined {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** 128 bits of SHA-256: nobody finds two credentials of one id, and people can copy it. */
function idOfText(text: string): string {
  return encodeBase64Url(sha256(encodeUtf8(text)).subarray(0, 16));
}

function refuse(problem: string) {
  return walletError("wallet.format", `the text is no credential that can be held: ${problem}`, { problem });
}
