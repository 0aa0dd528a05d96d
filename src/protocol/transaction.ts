/**
 * A transaction is a JWT (RFC 7519): `iss` the signer's DID, `aud` the group, `jti` random, `exp` at most a bounded window past
 * block time, `ops` the operations. One signer: compact serialisation. Several: general JSON serialisation (RFC 7515 §7.2.1).
 */
import {
  decodeBase64Url,
  decodeBase64UrlInto,
  decodeUtf8,
  encodeBase64Url,
  encodeHex,
  encodeUtf8,
  encodeUtf8Into,
  HansaError,
  type Json,
  parseJson,
} from "#base";
import { randomBytes, type Signer, sha256 } from "#crypto";
import { type Did, didOfKeyId, isDid } from "./did.ts";
import { transactionError } from "./errors.ts";
import { encodePart, type JwsHeader, type JwsSignature, parseJwsHeader, signPayload } from "./jws.ts";

export const TRANSACTION_TYPE = "hansa-tx+jwt";

/** One call of a module's action. */
export interface Operation {
  /** `<module>.<action>` */
  readonly op: string;
  readonly args: { readonly [name: string]: Json };
}

/** What is signed. */
export interface TransactionClaims {
  readonly iss: Did;
  /** Id of the group. */
  readonly aud: string;
  readonly jti: string;
  /** Seconds since 1970. */
  readonly exp: number;
  readonly iat?: number;
  readonly ops: readonly Operation[];
}

export interface TransactionSignature {
  readonly header: JwsHeader;
  readonly did: Did;
  /** What was signed: `protected.payload`. */
  readonly input: Uint8Array;
  readonly signature: Uint8Array;
}

/** A decoded transaction. Its signatures are not yet checked. */
export interface Transaction {
  /** The text as it was sent. */
  readonly text: string;
  readonly claims: TransactionClaims;
  readonly signatures: readonly TransactionSignature[];
  /** 20 bytes: `exp` (4, big endian), then SHA-256(iss ‖ 0 ‖ jti) cut to 16. Ids sort by time, so indices of them append. */
  readonly id: Uint8Array;
  /** Hexadecimal of `id`. */
  readonly idText: string;
}

/** Limits that hold before any state is looked at. */
export const TRANSACTION_LIMITS = {
  /** Bytes of the encoded transaction. */
  bytes: 65_536,
  /** Nesting of the payload. */
  depth: 16,
  operations: 100,
  signatures: 16,
  jti: { least: 16, most: 64 },
} as const;

const JTI = /^[A-Za-z0-9_-]{16,64}$/;
const OPERATION_NAME = /^[a-z][a-zA-Z]{0,31}\.[a-z][a-zA-Z]{0,31}$/;

/** Where issuer and `jti` of most transactions are put together. */
const idPreimage = new Uint8Array(512);

/** Id of a transaction from its claims alone: the same for every serialisation and set of signatures. */
export function transactionId({ iss, jti, exp }: Pick<TransactionClaims, "iss" | "jti" | "exp">): Uint8Array {
  const text = `${iss}\0${jti}`;
  const fits = text.length * 3 <= idPreimage.length;
  const preimage = fits ? idPreimage.subarray(0, encodeUtf8Into(idPreimage, text)) : encodeUtf8(text);
  const id = new Uint8Array(20);
  id[0] = exp >>> 24;
  id[1] = exp >>> 16;
  id[2] = exp >>> 8;
  id[3] = exp;
  id.set(sha256(preimage).subarray(0, 16), 4);
  return id;
}

/**
 * Takes a transaction apart and checks all that needs no state.
 *
 * @param input - compact JWT, or general serialisation as JSON text; or its UTF-8 bytes
 * @throws HansaError with one of `TRANSACTION_ERRORS`
 */
export function decodeTransaction(input: string | Uint8Array): Transaction {
  if (input.length > TRANSACTION_LIMITS.bytes)
    throw transactionError("transaction.too-large", `larger than ${TRANSACTION_LIMITS.bytes} bytes`, {
      bytes: input.length,
      limit: TRANSACTION_LIMITS.bytes,
    });
  const text = typeof input === "string" ? input : decodeUtf8(input);
  if (text === undefined) throw transactionError("transaction.json", "not valid UTF-8", { reason: "json.utf8" });
  if (text.charCodeAt(0) === 0x7b) return decodeGeneral(text);
  return decodeCompact(text, typeof input === "string" ? encodeUtf8(text) : input);
}

/** @param bytes - of the text: what is signed is a part of them */
function decodeCompact(text: string, bytes: Uint8Array): Transaction {
  const first = text.indexOf(".");
  const second = text.indexOf(".", first + 1);
  if (first <= 0 || second < 0 || text.indexOf(".", second + 1) >= 0)
    throw transactionError("transaction.malformed", "a compact JWT has three parts");
  const payload = text.slice(first + 1, second);
  // Where the header or the payload is more than ASCII this is cut at the wrong place, and both are refused below.
  const signed = bytes.subarray(0, second);
  const signature = decodeSignature(text.slice(0, first), signed, text.slice(second + 1));
  return assemble(text, payload, [signature]);
}

function decodeGeneral(text: string): Transaction {
  const outer = strictJson(text, 6);
  const { payload, signatures, ...rest } = asObject(outer) ?? {};
  if (typeof payload !== "string" || !Array.isArray(signatures) || Object.keys(rest).length > 0)
    throw transactionError("transaction.malformed", "general serialisation has `payload` and `signatures`");
  if (signatures.length === 0 || signatures.length > TRANSACTION_LIMITS.signatures)
    throw transactionError("transaction.malformed", `1 to ${TRANSACTION_LIMITS.signatures} signatures`);
  return assemble(
    text,
    payload,
    signatures.map((entry: Json) => {
      const { protected: header, signature, ...more } = asObject(entry) ?? {};
      if (typeof header !== "string" || typeof signature !== "string" || Object.keys(more).length > 0)
        throw transactionError("transaction.malformed", "a signature has `protected` and `signature`");
      return decodeSignature(header, encodeUtf8(`${header}.${payload}`), signature);
    }),
  );
}

function decodeSignature(encodedHeader: string, input: Uint8Array, encodedSignature: string): TransactionSignature {
  const header = parseJwsHeader(encodedHeader);
  if (header === "malformed") throw transactionError("transaction.malformed", "the header is not base64url");
  if (header === "json")
    throw transactionError("transaction.json", "the header is not strict JSON", { part: "header" });
  if (header === "algorithm") throw transactionError("transaction.algorithm", "`alg` is not EdDSA, ES256 or ES256K");
  if (header === "header") throw transactionError("transaction.header", "the header has a wrong member");
  if (header.typ !== undefined && header.typ !== TRANSACTION_TYPE && header.typ !== "JWT")
    throw transactionError("transaction.header", "`typ` names another kind of token", { typ: header.typ });
  const signature = decodeBase64Url(encodedSignature);
  if (signature === undefined || signature.length !== 64)
    throw transactionError("transaction.malformed", "a signature is 64 bytes in base64url");
  return { header, did: didOfKeyId(header.kid), input, signature };
}

/** Where payloads are decoded: nothing is kept of it but what is read out of it. */
const payloadBytes = new Uint8Array(TRANSACTION_LIMITS.bytes);

function assemble(text: string, payload: string, signatures: TransactionSignature[]): Transaction {
  const length = decodeBase64UrlInto(payloadBytes, payload);
  if (length === undefined) throw transactionError("transaction.malformed", "the payload is not base64url");
  const claims = checkClaims(strictJson(payloadBytes.subarray(0, length), TRANSACTION_LIMITS.depth));
  const dids = new Set(signatures.map((signature) => signature.did));
  if (dids.size !== signatures.length || !dids.has(claims.iss))
    throw transactionError("transaction.signer-missing", "the issuer signs, and every signer once", {
      iss: claims.iss,
    });
  const id = transactionId(claims);
  return { text, claims, signatures, id, idText: encodeHex(id) };
}

function checkClaims(value: Json): TransactionClaims {
  const claims = asObject(value);
  if (claims === undefined) throw transactionError("transaction.claims", "the payload is not an object");
  const { iss, aud, jti, exp, iat, ops, ...rest } = claims;
  const wrong = (claim: string) =>
    transactionError("transaction.claims", `\`${claim}\` is missing or wrong`, { claim });
  if (typeof iss !== "string" || !isDid(iss)) throw wrong("iss");
  if (typeof aud !== "string" || aud.length === 0 || aud.length > 128) throw wrong("aud");
  if (typeof jti !== "string" || !JTI.test(jti)) throw wrong("jti");
  if (typeof exp !== "number" || exp < 0 || exp > 0xffffffff) throw wrong("exp");
  if (iat !== undefined && (typeof iat !== "number" || iat < 0 || iat > 0xffffffff)) throw wrong("iat");
  if (!Array.isArray(ops) || ops.length === 0 || ops.length > TRANSACTION_LIMITS.operations) throw wrong("ops");
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined)
    throw transactionError("transaction.claims", `the claim ${unknown} is unknown`, { claim: unknown });
  const operations = ops.map((entry: Json, index: number): Operation => {
    const { op, args, ...more } = asObject(entry) ?? {};
    const object = asObject(args);
    if (typeof op !== "string" || !OPERATION_NAME.test(op) || object === undefined || Object.keys(more).length > 0)
      throw transactionError("transaction.claims", "an operation has `op` (module.action) and `args`", {
        claim: "ops",
        index,
      });
    return { op, args: object };
  });
  return iat === undefined ? { iss, aud, jti, exp, ops: operations } : { iss, aud, jti, exp, iat, ops: operations };
}

function asObject(value: Json | undefined): Record<string, Json> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, Json>)
    : undefined;
}

function strictJson(input: string | Uint8Array, depth: number): Json {
  try {
    return parseJson(input, { depth, integers: true });
  } catch (error) {
    if (!(error instanceof HansaError)) throw error;
    throw transactionError("transaction.json", error.message, { reason: error.code, ...error.payload });
  }
}

/** A DID's key and what signs with it. */
export interface TransactionSigner {
  /** DID URL of the key. */
  readonly kid: string;
  readonly signer: Signer;
}

/** Claims with a fresh random `jti`, valid for `seconds` from `now` (milliseconds). */
export function prepareClaims(
  iss: Did,
  aud: string,
  ops: readonly Operation[],
  now: number,
  seconds = 60,
): TransactionClaims {
  return { iss, aud, jti: encodeBase64Url(randomBytes(16)), exp: Math.floor(now / 1000) + seconds, ops };
}

/**
 * Signs claims: compact for one signer, general serialisation for several.
 *
 * @example
 * ```ts
 * const claims = prepareClaims(did, group, [{ op: "topics.close", args: { topic: "acme" } }], Date.now());
 * const text = signTransaction(claims, [{ kid: keyIdOf(did, key), signer }]);
 * ```
 */
export function signTransaction(claims: TransactionClaims, signers: readonly TransactionSigner[]): string {
  const payload = encodePart(claims);
  const signatures = signers.map(({ kid, signer }) => signPayload(payload, TRANSACTION_TYPE, kid, signer));
  const only = signatures[0];
  if (only !== undefined && signatures.length === 1) return `${only.protected}.${payload}.${only.signature}`;
  return JSON.stringify({ payload, signatures });
}

/**
 * Adds a party's signature to a transaction that others have signed.
 *
 * @throws HansaError with one of `TRANSACTION_ERRORS` where the text is not a transaction
 */
export function cosignTransaction(text: string, party: TransactionSigner): string {
  decodeTransaction(text);
  const existing =
    text.charCodeAt(0) === 0x7b ? (JSON.parse(text) as { payload: string; signatures: JwsSignature[] }) : flatten(text);
  const { payload, signatures } = existing;
  return JSON.stringify({
    payload,
    signatures: [...signatures, signPayload(payload, TRANSACTION_TYPE, party.kid, party.signer)],
  });
}

function flatten(compact: string) {
  const [header, payload, signature] = compact.split(".") as [string, string, string];
  return { payload, signatures: [{ protected: header, signature }] };
}

/** Leaf of the block's transaction tree: the bytes as sent. */
export function transactionBytes(transaction: Pick<Transaction, "text">): Uint8Array {
  return encodeUtf8(transaction.text);
}
