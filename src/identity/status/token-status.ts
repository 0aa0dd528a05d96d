/** IETF Token Status List (draft-ietf-oauth-status-list): states of tokens in a signed JWT of a list. */
import { decodeBase64Url, encodeBase64Url, type Json, type JsonObject } from "#base";
import { isObject } from "../credentials/document-parts.ts";
import type { CredentialSigner, KeyFinder } from "../credentials/keys.ts";
import { decodeCompactJws, signCompactJws, verifySignedBy } from "../jose/compact-jws.ts";
import { checkTokenTime, readNumericDate } from "../jose/token-time.ts";
import { compress, decompress } from "./compress.ts";
import { type EntryBits, isListUrl, MOST_BYTES, refuseList, StatusList, unknownStatus } from "./status-list.ts";

/** `typ` of a list's token; its media type is `application/statuslist+jwt`. */
const TYP = "statuslist+jwt";

/** States of draft-ietf-oauth-status-list §7.1. What else stands in a list is between its issuer and his verifiers. */
export const TOKEN_STATUS = { valid: 0, invalid: 1, suspended: 2 } as const;

/** `status_list` of a list's token: bits and the compressed list. */
export async function encodeTokenList(list: StatusList): Promise<JsonObject> {
  if (list.order !== "right") throw refuseList("the entries of a Token Status List begin at the right");
  return { bits: list.bits, lst: encodeBase64Url(await compress(list.bytes, "deflate")) };
}

/** @throws HansaError `credentials.status-unknown` */
export async function decodeTokenList(value: Json | undefined): Promise<StatusList> {
  if (!isObject(value)) throw unknownStatus("status_list is no object");
  const { bits, lst } = value;
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) throw unknownStatus("bits is not 1, 2, 4 or 8");
  const compressed = typeof lst === "string" && lst.length <= 2 * MOST_BYTES ? decodeBase64Url(lst) : undefined;
  const bytes = compressed && (await decompress(compressed, "deflate", MOST_BYTES));
  if (bytes === undefined || bytes.length === 0) throw unknownStatus("lst is no ZLIB of at most 4 MiB");
  return StatusList.of(bytes, { order: "right", bits: bits as EntryBits });
}

/**
 * Signs a list as a token.
 *
 * @param claims - `uri` under which it is published, times in seconds, `ttl` in seconds
 * @throws HansaError `credentials.document`
 */
export async function issueTokenStatusList(
  list: StatusList,
  claims: { readonly uri: string; readonly iat: number; readonly exp?: number; readonly ttl?: number },
  signer: CredentialSigner,
): Promise<string> {
  const { uri, iat, exp, ttl } = claims;
  const payload = {
    sub: uri,
    iat,
    ...(exp === undefined ? {} : { exp }),
    ...(ttl === undefined ? {} : { ttl }),
    status_list: await encodeTokenList(list),
  };
  return signCompactJws({ kid: signer.id, typ: TYP }, payload, signer);
}

/** A list that held. */
export interface VerifiedTokenList {
  readonly list: StatusList;
  /** DID of whoever signed. */
  readonly issuer: string;
  /** Seconds; `undefined` where the token does not say. */
  readonly ttl: number | undefined;
  readonly exp: number | undefined;
}

/**
 * Verifies a list's token.
 *
 * @param expected - `uri` as the credential has it; `now` in milliseconds
 * @throws HansaError `credentials.*`
 */
export async function verifyTokenStatusList(
  text: string,
  { uri, keys, now }: { readonly uri: string; readonly keys: KeyFinder; readonly now: number },
): Promise<VerifiedTokenList> {
  const token = decodeCompactJws(text, [TYP]);
  const { kid } = token.header;
  const { sub, iss, iat, status_list } = token.claims;
  const issuer =
    typeof iss === "string" ? iss : typeof kid === "string" ? kid.slice(0, Math.max(0, kid.indexOf("#"))) : "";
  if (!issuer.startsWith("did:")) throw unknownStatus("the status list does not say whose it is");
  // §8.3: a list of another place has other entries under the same indexes.
  if (sub !== uri) throw unknownStatus("the status list is one of another place");
  if (iat === undefined) throw unknownStatus("the status list does not say when it was made");
  await verifySignedBy(token, issuer, "assertionMethod", keys);
  checkTokenTime(token.claims, now);
  const ttl = readNumericDate(token.claims, "ttl");
  const exp = readNumericDate(token.claims, "exp");
  return { list: await decodeTokenList(status_list), issuer, ttl, exp };
}

/** Which entry of which list is a token's. */
export interface TokenStatusReference {
  readonly index: number;
  readonly uri: string;
}

/** `status` of a token that is about to be issued. */
export function tokenStatusReference({ index, uri }: TokenStatusReference): JsonObject {
  return { status_list: { idx: index, uri } };
}

/**
 * Reads the claim `status`.
 *
 * @throws HansaError `credentials.status-unknown`
 */
export function readTokenStatusReference(status: JsonObject): TokenStatusReference {
  const { status_list: reference } = status;
  if (!isObject(reference)) throw unknownStatus("the status is of a kind that is not known here");
  const { idx, uri } = reference;
  if (typeof idx !== "number" || !Number.isSafeInteger(idx) || idx < 0) throw unknownStatus("idx is no index");
  if (!isListUrl(uri)) throw unknownStatus("uri is no URL");
  return { index: idx, uri };
}
