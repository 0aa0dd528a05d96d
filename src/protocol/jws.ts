/**
 * Compact JWS (RFC 7515) with a closed set of headers: what devices, members and clients sign. Nothing in a token says how it
 * is to be checked except `alg`, and that must fit the key that the verifier looked up: no `jwk`, no `jku`, no `crit`.
 */
import { decodeBase64Url, encodeBase64Url, encodeUtf8, isHansaError, type Json, Lru, parseJson } from "#base";
import {
  type Algorithm,
  createSigner,
  type PublicKey,
  type Signer,
  suiteOf,
  suiteOfJose,
  verifySignature,
} from "#crypto";
import { isKeyId } from "./did.ts";
import { protocolError } from "./errors.ts";

export interface JwsHeader {
  readonly alg: string;
  /** DID URL of the signing key. */
  readonly kid: string;
  readonly typ: string | undefined;
}

/** Why a protected header is refused. */
export type HeaderProblem = "malformed" | "json" | "algorithm" | "header";

// A client signs all its transactions under the same header: parse each spelling once.
const headers = new Lru<string, JwsHeader>(16384);

/** Parses a protected header, base64url; a problem is answered by its name. */
export function parseJwsHeader(encoded: string): JwsHeader | HeaderProblem {
  const known = headers.get(encoded);
  if (known !== undefined) return known;
  if (encoded.length > 512) return "header";
  const bytes = decodeBase64Url(encoded);
  if (bytes === undefined) return "malformed";
  let value: Json;
  try {
    value = parseJson(bytes, { depth: 2, integers: true });
  } catch (error) {
    if (isHansaError(error)) return "json";
    throw error;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "header";
  const { alg, kid, typ, ...rest } = value as Record<string, Json>;
  if (typeof alg !== "string" || suiteOfJose(alg) === undefined) return "algorithm";
  if (typeof kid !== "string" || !isKeyId(kid)) return "header";
  if (typ !== undefined && typeof typ !== "string") return "header";
  if (Object.keys(rest).length > 0) return "header";
  const header: JwsHeader = { alg, kid, typ };
  headers.set(encoded, header);
  return header;
}

/** One of the signatures of a general serialisation (RFC 7515 §7.2.1). */
export interface JwsSignature {
  readonly protected: string;
  readonly signature: string;
}

/** A header or payload as it is signed and sent: its JSON, base64url. */
export function encodePart(part: object): string {
  return encodeBase64Url(encodeUtf8(JSON.stringify(part)));
}

/** Signs an encoded payload. */
export function signPayload(payload: string, typ: string, kid: string, signer: Signer): JwsSignature {
  const header = encodePart({ alg: suiteOf(signer.algorithm).jose, kid, typ });
  return { protected: header, signature: encodeBase64Url(signer.sign(encodeUtf8(`${header}.${payload}`))) };
}

/** Encodes and signs: `header.payload.signature`. */
export function signCompact(payload: object, typ: string, kid: string, signer: Signer): string {
  const encoded = encodePart(payload);
  const { protected: header, signature } = signPayload(encoded, typ, kid, signer);
  return `${header}.${encoded}.${signature}`;
}

/** A compact token, taken apart and not yet verified. */
export interface DecodedToken {
  readonly header: JwsHeader;
  readonly claims: { readonly [name: string]: Json };
  /** What was signed. */
  readonly input: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Takes a token apart. Nothing in it may be believed before `verifyToken`.
 *
 * @param limit - most characters
 * @throws HansaError `token.malformed`, `token.type`, `token.algorithm`
 */
export function decodeToken(token: string, typ: string, limit = 16384): DecodedToken {
  if (token.length > limit) throw protocolError("token.malformed", `the token is longer than ${limit}`, { limit });
  const parts = token.split(".");
  if (parts.length !== 3) throw protocolError("token.malformed", "a token has three parts");
  const [encodedHeader, encodedPayload, encodedSignature] = parts as [string, string, string];
  const header = parseJwsHeader(encodedHeader);
  if (header === "algorithm") throw protocolError("token.algorithm", "the token's alg is not accepted");
  if (typeof header === "string") throw protocolError("token.malformed", "the token's header is malformed");
  if (header.typ !== typ) throw protocolError("token.type", `a token of type ${typ} is wanted`, { wanted: typ });
  const payload = decodeBase64Url(encodedPayload);
  const signature = decodeBase64Url(encodedSignature);
  if (payload === undefined || signature === undefined)
    throw protocolError("token.malformed", "the token is not base64url");
  let claims: Json;
  try {
    claims = parseJson(payload, { depth: 16, integers: false });
  } catch (error) {
    throw protocolError("token.malformed", "the token's payload is not strict JSON", {}, error);
  }
  if (typeof claims !== "object" || claims === null || Array.isArray(claims))
    throw protocolError("token.malformed", "the token's payload is not an object");
  return {
    header,
    claims: claims as DecodedToken["claims"],
    input: encodeUtf8(`${encodedHeader}.${encodedPayload}`),
    signature,
  };
}

/** Whether this key made the token; the header's `alg` must be the key's own. */
export function isSignedBy(token: DecodedToken, key: PublicKey): boolean {
  return suiteOf(key.algorithm).jose === token.header.alg && verifySignature(key, token.input, token.signature);
}

const decoys = new Map<Algorithm, PublicKey>();

/** A key that nobody has: checking against it takes as long as checking against a known one. */
function decoyKey(alg: string): PublicKey {
  const algorithm = suiteOfJose(alg)?.algorithm ?? "Ed25519";
  let decoy = decoys.get(algorithm);
  if (decoy === undefined) {
    decoy = { algorithm, bytes: createSigner(algorithm).publicKey };
    decoys.set(algorithm, decoy);
  }
  return decoy;
}

/**
 * As `isSignedBy`, for a key that may not be known: then the answer is no, and takes as long. So an outsider cannot tell whose keys there are.
 */
export function isSignedByKnown(token: DecodedToken, key: PublicKey | undefined): boolean {
  const signed = isSignedBy(token, key ?? decoyKey(token.header.alg));
  return key !== undefined && signed;
}

/** @throws HansaError `token.signature` */
export function requireSignedBy(token: DecodedToken, key: PublicKey): void {
  if (!isSignedBy(token, key)) throw protocolError("token.signature", "the token's signature does not match its key");
}
