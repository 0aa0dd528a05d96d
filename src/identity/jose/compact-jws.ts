/**
 * Compact JWS of credentials (RFC 7515). The house's tokens (`#protocol`) have a closed header and keys of did:hansa alone; other
 * issuers write more into theirs. What they write is passed over here, but for `alg`, `kid`, `typ`, `cty`: no key is ever taken out
 * of a header (`jwk`, `jku`, `x5c`), and a header that demands to be understood (`crit`) is refused.
 */
import { decodeBase64Url, encodeBase64Url, encodeUtf8, isHansaError, type JsonObject, parseJson } from "#base";
import { type CredentialKey, checkSignature } from "../credentials/credential-key.ts";
import { isObject } from "../credentials/document-parts.ts";
import { credentialError } from "../credentials/errors.ts";
import type { KeyFinder, ProofPurpose, VerificationKey } from "../credentials/keys.ts";
import { algOf, algorithmOfAlg, type BareSigner } from "./algorithms.ts";

/** Most characters of a token, and how deep its JSON may be nested. The longest are status lists of 4 MiB that do not compress. */
const LIMITS = { token: 1 << 23, header: 8192, depth: 32 };

/** A token taken apart, and not verified. */
export interface CompactJws {
  readonly header: JsonObject;
  readonly alg: string;
  /** In small letters, and without `application/`. */
  readonly typ: string | undefined;
  readonly claims: JsonObject;
  /** What was signed. */
  readonly input: Uint8Array;
  readonly signature: Uint8Array;
}

/** Signs: `header.payload.signature`. `alg` is the signer's. */
export function signCompactJws(header: JsonObject, claims: JsonObject, signer: BareSigner): string {
  const text = (value: JsonObject) => encodeBase64Url(encodeUtf8(JSON.stringify(value)));
  const input = `${text({ alg: algOf(signer.algorithm), ...header })}.${text(claims)}`;
  return `${input}.${encodeBase64Url(signer.sign(encodeUtf8(input)))}`;
}

/**
 * Takes a token apart. Nothing in it may be believed before its signature was checked.
 *
 * @param types - what `typ` may be; `undefined` among them where it may be missing; "any" where whoever asked looks at it
 * @throws HansaError `credentials.proof`
 */
export function decodeCompactJws(token: string, types: readonly (string | undefined)[] | "any"): CompactJws {
  if (token.length > LIMITS.token) throw malformed(`is longer than ${LIMITS.token} characters`);
  const parts = token.split(".");
  if (parts.length !== 3) throw malformed("has not three parts");
  const [encodedHeader, encodedClaims, encodedSignature] = parts as [string, string, string];
  if (encodedHeader.length > LIMITS.header) throw malformed("has too long a header");
  const header = parsePart(encodedHeader, "header");
  const { alg, typ: written, crit, b64 } = header;
  if (typeof alg !== "string" || algorithmOfAlg(alg) === undefined) throw malformed("has an alg that is not accepted");
  if (crit !== undefined || b64 !== undefined) throw malformed("has a critical header that is not understood");
  if (written !== undefined && typeof written !== "string") throw malformed("has a typ that is no text");
  const typ = written === undefined ? undefined : mediaTypeOf(written);
  if (types !== "any" && !types.includes(typ))
    throw malformed(`has another typ than ${types.filter((type) => type !== undefined).join(" or ")}`);
  const signature = decodeBase64Url(encodedSignature);
  if (signature === undefined || signature.length === 0) throw malformed("has no signature in base64url");
  return {
    header,
    alg,
    typ,
    claims: parsePart(encodedClaims, "payload"),
    input: encodeUtf8(`${encodedHeader}.${encodedClaims}`),
    signature,
  };
}

/** A media type as RFC 7515 §4.1.9 shortens it. */
function mediaTypeOf(typ: string): string {
  const lower = typ.toLowerCase();
  return lower.startsWith("application/") ? lower.slice("application/".length) : lower;
}

function parsePart(encoded: string, name: string): JsonObject {
  const bytes = decodeBase64Url(encoded);
  if (bytes === undefined) throw malformed(`has a ${name} that is not base64url`);
  try {
    const value = parseJson(bytes, { depth: LIMITS.depth, integers: false });
    if (isObject(value)) return value;
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw malformed(`has a ${name} that is not plain JSON: ${error.message}`);
  }
  throw malformed(`has a ${name} that is no object`);
}

function malformed(problem: string) {
  return credentialError("credentials.proof", `the token ${problem}`, { problem });
}

/**
 * Checks the signature with a key that was found elsewhere; `alg` must be the key's own.
 *
 * @throws HansaError `credentials.signature`
 */
export function requireSignatureOf(token: CompactJws, key: CredentialKey): void {
  if (algorithmOfAlg(token.alg) !== key.algorithm || !checkSignature(key, token.input, token.signature))
    throw credentialError("credentials.signature", "the token's signature does not fit its key");
}

/**
 * Finds the key that a token's `kid` names, requires that it is `controller`'s, and checks the signature with it.
 *
 * @param controller - DID of whoever has to have signed
 * @throws HansaError `credentials.proof`, `credentials.key`, `credentials.signature`, `credentials.unreachable`
 */
export async function verifySignedBy(
  token: CompactJws,
  controller: string,
  purpose: ProofPurpose,
  keys: KeyFinder,
): Promise<VerificationKey> {
  const { kid, iss } = token.header;
  if (iss !== undefined && iss !== controller)
    throw credentialError("credentials.key", "the token's header names another issuer than its payload");
  if (typeof kid !== "string" || kid.length > 1024) throw malformed("names no key (kid)");
  const id = kid.startsWith("#") ? controller + kid : kid;
  // The key's document would be asked of whoever the token names: not before it is clear that he is the one who has to sign.
  if (id.slice(0, Math.max(0, id.indexOf("#"))) !== controller)
    throw credentialError("credentials.key", "the token's key is not one of its issuer's", { key: id.slice(0, 200) });
  const key = await keys(id, purpose);
  if (key.controller !== controller)
    throw credentialError("credentials.key", "the token's key is controlled by another than its issuer", {
      key: key.id,
    });
  requireSignatureOf(token, key);
  return key;
}
