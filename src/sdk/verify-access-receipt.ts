import { isHansaError } from "#base";
import {
  type AccessReceipt,
  type AccessReceiptProof,
  accessReceiptLeaf,
  checkInclusion,
  checkOpenedReceipt,
  decodeAccessReceipt,
  decodeProof,
  decodeTransaction,
  type GrantRecord,
  type GrantResource,
  isAccessReceiptFile,
  type ProofTrust,
  protocolError,
  type TrailProof,
} from "#protocol";
import { checkToken, invalidProof, keysOfRecords, type SignatureCheck } from "./shown-keys.ts";
import { type VerifiedFile, verifyProofFile } from "./verify-proof-file.ts";

/** What an access receipt says, once it has been held against everything that is in its file. */
export interface VerifiedAccessReceipt {
  readonly receipt: AccessReceipt;
  /** `verified`; `missing` where the recipient has not signed; `unknown-key` where the file does not show a key that signed. */
  readonly provider: SignatureCheck;
  readonly recipient: SignatureCheck | "missing";
  /** What was released, where the file opens it. */
  readonly resource?: GrantResource;
  /** The grants as the ledger has them now, the one that was used first. */
  readonly grants: readonly GrantRecord[];
  /** Block of the transaction that anchors it, and its place in there. */
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
  const value: unknown =
    typeof file === "string" || file instanceof Uint8Array ? decodeProof(file, MOST_CHARACTERS) : file;
  if (!isAccessReceiptFile(value)) throw protocolError("proof.malformed", "the file is no access receipt's");
  const { receipt: signed, opened, path, trail } = value;
  if (trail?.hansa !== "trail-proof/1") throw protocolError("proof.malformed", "the receipt's trail is none");
  const proof = verifyProofFile(trail satisfies TrailProof, options);
  const { receipt, provider, recipient } = decode(signed);
  if (receipt.group !== proof.group) throw invalidProof("receipt", "the receipt is of another group");
  const anchor = proof.entries.find(({ transaction }) => anchors(transaction, receipt.iss, signed, path));
  if (anchor === undefined) throw invalidProof("anchor", "no transaction in the file anchors the receipt");
  const keys = keysOfRecords(proof.records);
  const checked = {
    provider: checkToken(provider, receipt.iss, keys, "signature"),
    recipient: recipient === undefined ? ("missing" as const) : checkToken(recipient, receipt.sub, keys, "signature"),
  };
  if (opened !== undefined && !checkOpenedReceipt(receipt, opened))
    throw invalidProof("opened", "what the file says was released is not what the receipt is about");
  const grants = receipt.grants.map((grant) => grantOf(proof, grant));
  if (grants[0]?.recipient !== receipt.sub || grants.some((grant) => grant.provider !== receipt.iss))
    throw invalidProof("grant", "the grants are not those of the receipt's parties");
  return {
    receipt,
    ...checked,
    ...(opened === undefined ? {} : { resource: opened.resource }),
    grants,
    anchored: { height: anchor.height, index: anchor.index },
    proof,
  };
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

function grantOf({ records }: VerifiedFile, grant: string): GrantRecord {
  const value = records.find(({ key }) => key === `grant/${grant}`)?.value;
  if (value === undefined || value === null) throw invalidProof("grant", `the file does not show grant ${grant}`);
  return value as unknown as GrantRecord;
}
