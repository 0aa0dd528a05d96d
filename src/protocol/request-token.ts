/** A signature over one HTTP request: for routes that answer only to parties of a group. It works once. */
import { type Static, Type } from "@sinclair/typebox";
import { encodeBase64Url } from "#base";
import { randomBytes, type Signer, sha256 } from "#crypto";
import { decodeClaims } from "./claims.ts";
import { signCompact } from "./jws.ts";
import { Closed, Did, Digest, Seconds } from "./operations/fields.ts";

export const REQUEST_TYPE = "hansa-request+jwt";
/** Scheme of the `Authorization` header that carries one. */
export const REQUEST_SCHEME = "Hansa-Request";

/** Signs method, path with query, and body of one request; `aud` is the group, `exp` at most a minute ahead. */
export const RequestToken = Closed({
  iss: Did,
  aud: Type.String({ minLength: 1, maxLength: 128 }),
  htm: Type.Union([Type.Literal("GET"), Type.Literal("POST")]),
  /** Path with query, as in the request's first line. */
  htu: Type.String({ pattern: "^/[\\x21-\\x7e]*$", maxLength: 4096 }),
  /** SHA-256 of the body; left out where there is none. */
  bsh: Type.Optional(Digest),
  iat: Seconds,
  exp: Seconds,
  jti: Type.String({ pattern: "^[A-Za-z0-9_-]{22,43}$" }),
});
export type RequestToken = Static<typeof RequestToken>;

/** Longest life of a request token, seconds. */
export const REQUEST_TOKEN_SECONDS = 60;

/** What of a request is signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path with query, as in the request's first line. */
  readonly target: string;
  readonly body?: Uint8Array | undefined;
}

/** Takes a request token apart; the caller checks signature, audience, times, and that it is this request's and was not used. */
export const decodeRequestToken = (token: string) => decodeClaims(token, REQUEST_TYPE, RequestToken);

/** Digest of a body as `bsh` has it; `undefined` where there is none. */
export function bodyDigest(body: Uint8Array | undefined): string | undefined {
  return body === undefined || body.length === 0 ? undefined : encodeBase64Url(sha256(body));
}

/** Whether a token was made for this request. */
export function isTokenOf(claims: RequestToken, request: SignedRequest): boolean {
  return claims.htm === request.method && claims.htu === request.target && claims.bsh === bodyDigest(request.body);
}

/**
 * Signs one request for a group.
 *
 * @param now - milliseconds since 1970
 * @example
 * ```ts
 * const token = signRequestToken(did, group, { method: "GET", target: "/groups/g/blocks?from=1" }, kid, signer, Date.now());
 * fetch(url, { headers: { authorization: `${REQUEST_SCHEME} ${token}` } });
 * ```
 */
export function signRequestToken(
  did: string,
  group: string,
  { method, target, body }: SignedRequest,
  kid: string,
  signer: Signer,
  now: number,
): string {
  const iat = Math.floor(now / 1000);
  const bsh = bodyDigest(body);
  const claims = {
    iss: did,
    aud: group,
    htm: method,
    htu: target,
    ...(bsh === undefined ? {} : { bsh }),
    iat,
    exp: iat + REQUEST_TOKEN_SECONDS,
    jti: encodeBase64Url(randomBytes(16)),
  };
  return signCompact(claims, REQUEST_TYPE, kid, signer);
}
