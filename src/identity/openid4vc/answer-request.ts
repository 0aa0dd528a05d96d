/** The wallet's side of OpenID4VP 1.0: a signed request is looked at, and answered with what it asks for and no more. */
import type { Openid4vpClient } from "@openid4vc/openid4vp";
import { encodeBase64Url, encodeUtf8, isHansaError, type Json, type JsonObject } from "#base";
import type { KeyFinder } from "../credentials/keys.ts";
import type { Chosen } from "../wallet/choose-credentials.ts";
import type { ShownEntry } from "../wallet/shown-log.ts";
import type { Wallet } from "../wallet/wallet.ts";
import { makeCallbacks } from "./callbacks.ts";
import { openidError } from "./errors.ts";
import { guardFetch, requireAddress } from "./guard-fetch.ts";
import { causeOf, sentenceOf } from "./library-error.ts";
import { peerError, refusalOf } from "./peer-error.ts";

/** A request whose signature held: who asks, for what, and where the answer goes. */
export interface OpenedRequest {
  /** DID of the verifier, whose key signed. */
  readonly verifier: string;
  /** The verifier's whole name, with its prefix: presentations are made for it. */
  readonly clientId: string;
  /** DCQL. */
  readonly query: Json;
  readonly nonce: string;
  readonly state: string | undefined;
  /** Where the answer goes. */
  readonly responseUri: string;
  /** Key that the answer is sealed to; `undefined` where TLS alone keeps it. */
  readonly seal: { readonly jwk: JsonObject; readonly enc: string } | undefined;
}

export interface OpenRequestOptions {
  /** All that is sent and asked goes through it; `guardFetch` is put around it. */
  readonly fetch: typeof fetch;
  /** Keys of verifiers. */
  readonly keys: KeyFinder;
  /** Milliseconds since 1970. */
  readonly now?: number;
}

/** What is shown. */
export interface AnswerRequestOptions extends Pick<OpenRequestOptions, "fetch"> {
  /** Ids of credentials, by the parts of the query; the first that fits where left out. */
  readonly choose?: Chosen | undefined;
  /** Show credentials whose format cannot keep anything back. */
  readonly whole?: boolean | undefined;
}

/** What came of an answer. */
export interface AnsweredRequest {
  readonly shown: readonly ShownEntry[];
  /** Where the verifier wants the holder to go on. */
  readonly redirectUri: string | undefined;
}

const PREFIX = "decentralized_identifier";
const ENCODINGS: readonly string[] = ["A256GCM", "A128GCM"];
const LONGEST = 128 * 1024;

/**
 * Opens a request: fetches its object where it is given by reference, and requires that the key that signed it is one of the DID that the
 * verifier names itself by. Nothing is shown.
 *
 * @throws HansaError `openid.request`, `openid.untrusted`, `openid.unsupported`, `openid.address`, `openid.peer`, `credentials.*`
 */
export async function openRequest(uri: string, options: OpenRequestOptions): Promise<OpenedRequest> {
  const { fetch, keys, now = Date.now() } = options;
  if (uri.length > LONGEST) throw openidError("openid.request", `a request has at most ${LONGEST} characters`);
  const { Openid4vpClient } = await import("@openid4vc/openid4vp");
  const client = new Openid4vpClient({ callbacks: await makeCallbacks({ fetch: guardFetch(fetch), keys }) });
  const { jar, client: who, payload } = await resolve(client, uri.trim());
  if (jar === undefined || who.prefix !== PREFIX)
    throw openidError("openid.unsupported", "requests of verifiers that name themselves by a DID alone are answered");
  const { exp, nbf, state, nonce, dcql_query: query, response_uri: responseUri } = payload;
  if (typeof exp === "number" && exp * 1000 <= now) throw openidError("openid.answered", "the request ran out");
  if (typeof nbf === "number" && nbf * 1000 > now + 60_000) throw refuse("it is not of today");
  if (typeof nonce !== "string" || nonce === "") throw refuse("it has no nonce");
  if (payload.response_type !== "vp_token") throw refuse("it wants something else than presentations");
  if (payload.transaction_data !== undefined)
    throw openidError("openid.unsupported", "the request wants a transaction to be agreed to");
  if (query === undefined || typeof responseUri !== "string")
    throw openidError("openid.unsupported", "the request has no DCQL query, or wants no direct_post");
  requireAddress(responseUri);
  return {
    verifier: who.identifier,
    clientId: payload.client_id as string,
    query: query as Json,
    nonce,
    state: typeof state === "string" ? state : undefined,
    responseUri,
    seal: payload.response_mode === "direct_post.jwt" ? sealOf(payload.client_metadata) : undefined,
  };
}

/**
 * Answers a request: the wallet's log says what is shown before it leaves.
 *
 * @throws HansaError `wallet.*`, `openid.refused`, `openid.peer`, `openid.address`, `credentials.*`
 * @example
 * ```ts
 * const request = await openRequest("openid4vp://?client_id=…&request_uri=…", { fetch, keys });
 * await answerRequest(wallet, request, { fetch });
 * ```
 */
export async function answerRequest(
  wallet: Wallet,
  request: OpenedRequest,
  { fetch, choose, whole }: AnswerRequestOptions,
): Promise<AnsweredRequest> {
  const { presentations, shown } = await wallet.answer(request.query, {
    domain: request.clientId,
    challenge: request.nonce,
    ...(choose === undefined ? {} : { choose }),
    ...(whole === undefined ? {} : { whole }),
  });
  const redirectUri = await post(request, { vp_token: presentations as JsonObject }, fetch);
  return { shown, redirectUri };
}

/** Says no, so that the verifier need not wait. @throws HansaError `openid.refused`, `openid.peer`, `openid.address` */
export async function declineRequest(
  request: OpenedRequest,
  { fetch }: Pick<OpenRequestOptions, "fetch">,
): Promise<void> {
  await post(request, { error: "access_denied" }, fetch);
}

async function resolve(client: Openid4vpClient, uri: string) {
  try {
    const parsed = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: uri });
    const resolved = await client.resolveOpenId4vpAuthorizationRequest({
      authorizationRequestPayload: parsed.params,
    });
    const payload = resolved.authorizationRequestPayload as Readonly<Record<string, unknown>>;
    return { jar: resolved.jar, client: resolved.client, payload };
  } catch (error) {
    const own = causeOf(error);
    if (own !== undefined && !own.code.startsWith("credentials.")) throw own;
    const problem = own?.message ?? sentenceOf(error);
    const { Oauth2JwtVerificationError } = await import("@openid4vc/oauth2");
    if (error instanceof Oauth2JwtVerificationError && /'exp'/.test(problem))
      throw openidError("openid.answered", "the request ran out", {}, error);
    // Who signed, and whether he is whom he names: the library has one error for that and for what is malformed.
    const isForged =
      error instanceof Oauth2JwtVerificationError ||
      /same DID|does not match the request object client_id|signer method/.test(problem);
    if (isHansaError(own, "credentials.unreachable")) throw own;
    if (isForged || own !== undefined)
      throw openidError("openid.untrusted", `the request is not to be trusted: ${problem}`, {}, error);
    throw openidError("openid.request", `the request is none of OpenID4VP: ${problem}`, {}, error);
  }
}

/** OpenID4VP §8.3: the verifier's key for sealing, of a kind that is known here. */
function sealOf(metadata: unknown): NonNullable<OpenedRequest["seal"]> {
  const { jwks, encrypted_response_enc_values_supported: supported = ["A128GCM"] } = (metadata ?? {}) as {
    jwks?: { keys?: readonly JsonObject[] };
    encrypted_response_enc_values_supported?: readonly string[];
  };
  const jwk = jwks?.keys?.find(
    ({ kty, crv, use, alg }) =>
      kty === "EC" && crv === "P-256" && (use ?? "enc") === "enc" && (alg ?? "ECDH-ES") === "ECDH-ES",
  );
  const enc = ENCODINGS.find((one) => supported.includes(one));
  if (jwk === undefined || enc === undefined)
    throw openidError("openid.unsupported", "the verifier has no key to seal an answer to that is known here");
  return { jwk, enc };
}

async function post(request: OpenedRequest, answer: JsonObject, fetch: typeof globalThis.fetch) {
  const { responseUri, state } = request;
  const whole: JsonObject = { ...answer, ...(state === undefined ? {} : { state }) };
  const form = new URLSearchParams(
    request.seal === undefined ? plainForm(whole) : { response: await sealAnswer(whole, request) },
  );
  const response = await guardFetch(fetch)(responseUri, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
  });
  const said = await jsonOf(response);
  if (!response.ok) {
    const { error, error_description } = said;
    if (error !== undefined) throw refusalOf({ error, error_description }, "the presentation");
    throw peerError(new Error(`status ${response.status}`), "the verifier");
  }
  const { redirect_uri: redirectUri } = said;
  return typeof redirectUri === "string" ? requireAddress(redirectUri).href : undefined;
}

function plainForm(answer: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

async function sealAnswer(answer: JsonObject, { seal, nonce }: OpenedRequest): Promise<string> {
  const { jwk, enc } = seal as NonNullable<OpenedRequest["seal"]>;
  const { CompactEncrypt, importJWK } = await import("jose");
  const key = await importJWK(jwk as never, "ECDH-ES");
  const { kid } = jwk;
  return new CompactEncrypt(encodeUtf8(JSON.stringify(answer)))
    .setProtectedHeader({
      alg: "ECDH-ES",
      enc,
      ...(typeof kid === "string" ? { kid } : {}),
      apv: encodeBase64Url(encodeUtf8(nonce)),
    })
    .encrypt(key);
}

async function jsonOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(await response.text());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function refuse(problem: string) {
  return openidError("openid.request", `the request is none of OpenID4VP: ${problem}`, { problem });
}
