import { canonicalJson, decodeUtf8, isHansaError, type Json, parseJson } from "#base";
import { decodeMultikey, type PublicKey } from "#crypto";
import {
  type AccessReceipt,
  type AccessReceiptProof,
  accessReceiptLeaf,
  checkInclusion,
  checkOpenedReceipt,
  type DecodedToken,
  decodeAccessReceipt,
  decodeTransaction,
  type GrantRecord,
  type GrantResource,
  isAccessReceiptFile,
  isSignedBy,
  keyIdOf,
  type ProofTrust,
  protocolError,
  type TrailProof,
} from "#protocol";
import { type VerifiedFile, verifyProofFile } from "./verify-proof-file.ts";

/** What an access receipt says, once it has been held against everything that is in its file. */
export interface VerifiedAccessReceipt {
  readonly receipt: AccessReceipt;
  /** `verified`; `missing` where the recipient has not signed; `unknown-key` where the file does not show a key that signed. */
  readonly provider: "verified" | "unknown-key";
  readonly recipient: "verified" | "unknown-key" | "missing";
  /** What was released, where the file opens it. */
  readonly resource?: GrantResource;
  /** The grants as the ledger has them now, the one that was used first. */
  readonly grants: readonly GrantRecord[];
  /** Block time of the transaction that anchors it, milliseconds. */
  readonly anchored: { readonly height: number; readonly index: number };
  /** The ledger's word on it. */
  readonly proof: VerifiedFile;
}

/** Most characters of a receipt's file. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/**
 * Verifies the file of an access receipt with no network: both signatures, the receipt's place under a root that the provider anchored, and the
 * ledger's proof of that.
 *
 * @param file - its text or bytes, or the parsed value
 * @throws HansaError `proof.malformed`, `proof.invalid`, `proof.untrusted`
 * @example
 * ```ts
 * const { receipt, recipient } = verifyAccessReceipt(await readFile("receipt.json"), { trust: "hanse:main:2xG…" });
 * console.log(receipt.sub, "had it for", receipt.purpose, recipient);
 * ```
 */
export function verifyAccessReceipt(file: unknown, options: ProofTrust = {}): VerifiedAccessReceipt {
  const value = typeof file === "string" || file instanceof Uint8Array ? parseFile(file) : file;
  if (!isAccessReceiptFile(value)) throw protocolError("proof.malformed", "the file is no access receipt's");
  const { receipt: signed, opened, path, trail } = value;
  if (trail?.hansa !== "trail-proof/1") throw protocolError("proof.malformed", "the receipt's trail is none");
  const proof = verifyProofFile(trail satisfies TrailProof, options);
  const { receipt, provider, recipient } = decode(signed);
  if (receipt.group !== proof.group) throw invalid("receipt", "the receipt is of another group");
  const anchor = proof.entries.find(({ transaction }) => anchors(transaction, receipt.iss, signed, path));
  if (anchor === undefined) throw invalid("anchor", "no transaction in the file anchors the receipt");
  const keys = keysOf(proof);
  const checked = {
    provider: checkSignature(provider, receipt.iss, keys),
    recipient: recipient === undefined ? ("missing" as const) : checkSignature(recipient, receipt.sub, keys),
  };
  if (opened !== undefined && !checkOpenedReceipt(receipt, opened))
    throw invalid("opened", "what the file says was released is not what the receipt is about");
  const grants = receipt.grants.map((grant) => grantOf(proof, grant));
  if (grants[0]?.recipient !== receipt.sub || grants.some((grant) => grant.provider !== receipt.iss))
    throw invalid("grant", "the grants are not those of the receipt's parties");
  return {
    receipt,
    ...checked,
    ...(opened === undefined ? {} : { resource: opened.resource }),
    grants,
    anchored: { height: anchor.height, index: anchor.index },
    proof,
  };
}

function parseFile(file: string | Uint8Array): unknown {
  const text = typeof file === "string" ? file : decodeUtf8(file);
  if (text === undefined || text.length > MOST_CHARACTERS)
    throw protocolError("proof.malformed", "the file is not UTF-8, or too long");
  let value: Json;
  try {
    value = parseJson(text, { depth: 64, integers: true });
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw protocolError("proof.malformed", "the file is not strict JSON", {}, error);
  }
  // Another spelling of the same values would be another file that proves the same: any changed byte is found.
  const canonical = canonicalJson(value);
  if (text !== canonical && text !== `${canonical}\n`)
    throw protocolError("proof.malformed", "the file is not in canonical JSON: it was not written as a proof is");
  return value;
}

function decode(signed: AccessReceiptProof["receipt"]) {
  try {
    return decodeAccessReceipt(signed);
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw protocolError("proof.malformed", `the receipt cannot be read: ${error.message}`, {}, error);
  }
}

/** Whether a transaction of the provider anchors a batch that the receipt is in. */
function anchors(
  transaction: string,
  provider: string,
  signed: AccessReceiptProof["receipt"],
  path: AccessReceiptProof["path"],
): boolean {
  const { claims } = decodeTransaction(transaction);
  if (claims.iss !== provider) return false;
  const leaf = accessReceiptLeaf(signed);
  return claims.ops.some(
    ({ op, args }) =>
      // A path alone does not fix the size of its tree (RFC 6962 §2.1.1): the anchored size does.
      op === "grants.anchor" && args["size"] === path.size && checkInclusion(String(args["root"]), leaf, path),
  );
}

/** Keys by DID URL. A key id holds the key's fingerprint, so a file cannot pass a foreign key off under it. */
function keysOf(proof: VerifiedFile): ReadonlyMap<string, PublicKey> {
  const keys = new Map<string, PublicKey>();
  const add = (did: unknown, multikey: unknown) => {
    const key = typeof multikey === "string" ? decodeMultikey(multikey) : undefined;
    if (key !== undefined && typeof did === "string") keys.set(keyIdOf(did, key), key);
  };
  for (const { key: name, value } of proof.records) {
    if (!name.startsWith("identity/")) continue;
    const { did, keys: own } = (value ?? {}) as {
      readonly did?: Json;
      readonly keys?: readonly { publicKey?: Json }[];
    };
    for (const { publicKey } of own ?? []) add(did, publicKey);
  }
  return keys;
}

function checkSignature(token: DecodedToken, did: string, keys: ReadonlyMap<string, PublicKey>) {
  const { kid } = token.header;
  if (!kid.startsWith(`${did}#`)) throw invalid("signature", `${did} did not sign with its own key`);
  const key = keys.get(kid);
  if (key === undefined) return "unknown-key" as const;
  if (!isSignedBy(token, key)) throw invalid("signature", `a signature of ${did} does not hold`);
  return "verified" as const;
}

function grantOf({ records }: VerifiedFile, grant: string): GrantRecord {
  const value = records.find(({ key }) => key === `grant/${grant}`)?.value;
  if (value === undefined || value === null) throw invalid("grant", `the file does not show grant ${grant}`);
  return value as unknown as GrantRecord;
}

function invalid(step: string, message: string) {
  return protocolError("proof.invalid", message, { step });
}
