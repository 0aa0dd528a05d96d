import { decodeMultikey, type PublicKey, suiteOf, verifySignature } from "#crypto";
import {
  checkOperation,
  decodeTransaction,
  didOf,
  type Transaction,
  type TransactionSignature,
  transactionError,
} from "#protocol";
import { readIdentity } from "../modules/identity/records.ts";
import { authenticationKey } from "../modules/registry.ts";
import type { Reader } from "../state/state.ts";
import type { Party } from "./module.ts";

/** A signature that wants checking, with the key that it must match. */
export interface SignatureCheck {
  readonly key: PublicKey;
  readonly input: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * The key that a signature must match: of a DID on the ledger, or of the DID that the transaction's first operation creates, whose
 * name is that key's fingerprint.
 *
 * @throws HansaError `transaction.unknown-key`, `transaction.algorithm`
 */
export function keyOfSignature(
  state: Reader,
  alliance: string,
  transaction: Transaction,
  signature: TransactionSignature,
): PublicKey {
  const { kid, alg } = signature.header;
  const key = authenticationKey(state, kid) ?? createdKey(state, alliance, transaction, signature);
  if (key === undefined) throw transactionError("transaction.unknown-key", `${kid} is not a key that may act`, { kid });
  // The key decides how it is used, not the header: a header that names another algorithm is refused.
  if (suiteOf(key.algorithm).jose !== alg)
    throw transactionError("transaction.algorithm", "`alg` is not the key's", { kid, alg });
  return key;
}

function createdKey(
  state: Reader,
  alliance: string,
  transaction: Transaction,
  signature: TransactionSignature,
): PublicKey | undefined {
  if (readIdentity(state, signature.did) !== undefined) return undefined;
  for (const { op, args } of transaction.claims.ops) {
    if (op !== "identity.create" || typeof args["publicKey"] !== "string") continue;
    const key = decodeMultikey(args["publicKey"]);
    if (key === undefined || didOf(alliance, key) !== signature.did) continue;
    // The only key of a DID that is just being created is its first.
    return signature.header.kid.endsWith(`#${signature.did.slice(signature.did.lastIndexOf(":") + 1)}`)
      ? key
      : undefined;
  }
  return undefined;
}

/** What is known of bytes that were seen before. */
interface Seen {
  readonly transaction: Transaction;
  /** The keys that all of its signatures were found to match, in order. */
  keys: readonly PublicKey[] | undefined;
}

/**
 * What was decoded and verified already, by transaction bytes: from `check` to `execute` the same array travels, and each signature is checked
 * once on a node, whether by the pool before ordering or here. The memory is of facts about bytes, so that it cannot change what a block does.
 */
export class SeenTransactions {
  readonly #seen = new WeakMap<Uint8Array, Seen>();

  /**
   * Decodes, and holds every operation against its schema.
   *
   * @throws HansaError with one of `TRANSACTION_ERRORS`
   */
  decode(bytes: Uint8Array): Transaction {
    return this.#see(bytes).transaction;
  }

  #see(bytes: Uint8Array): Seen {
    const known = this.#seen.get(bytes);
    if (known !== undefined) return known;
    const transaction = decodeTransaction(bytes);
    transaction.claims.ops.forEach(checkOperation);
    const seen = { transaction, keys: undefined };
    this.#seen.set(bytes, seen);
    return seen;
  }

  /** Notes that all signatures of these very bytes match these keys, in order. */
  remember(bytes: Uint8Array, keys: readonly PublicKey[]): void {
    this.#see(bytes).keys = keys;
  }

  /** Whether the bytes' signatures match these keys. */
  verify(bytes: Uint8Array, checks: readonly SignatureCheck[]): boolean {
    const known = this.#see(bytes).keys;
    // `decodeMultikey` gives one object per key text as long as it is cached; another object is only a reason to check again.
    if (known !== undefined && known.length === checks.length && checks.every((check, i) => check.key === known[i]))
      return true;
    return checks.every((check) => verifySignature(check.key, check.input, check.signature));
  }
}

/** The parties of a transaction, once its signatures hold. */
export function partiesOf(state: Reader, transaction: Transaction): ReadonlyMap<string, Party> {
  return new Map(
    transaction.signatures.map(({ did, header }) => [
      did,
      { did, key: header.kid.slice(header.kid.indexOf("#") + 1), identity: readIdentity(state, did) },
    ]),
  );
}
