import { type Clock, encodeHex, HansaError, isHansaError } from "#base";
import type { Engine } from "#engines";
import type { Ledger, Place } from "#ledger";
import {
  type Operation,
  prepareClaims,
  type Receipt,
  signTransaction,
  type TransactionClaims,
  type TransactionSigner,
  transactionError,
} from "#protocol";
import { Latencies } from "./latencies.ts";
import type { SignaturePool } from "./signature-pool.ts";

export type SubmissionStatus =
  | { status: "unknown" }
  | { status: "pending" }
  | { status: "committed"; receipt: Receipt };

/** The way of a transaction from outside to its receipt: decode, check, signatures, order, commit. */
export class Submission {
  readonly #ledger: Ledger;
  readonly #engine: Engine;
  readonly #pool: SignaturePool;
  readonly #clock: Clock;
  readonly #latencies = new Latencies();

  constructor(ledger: Ledger, engine: Engine, pool: SignaturePool, clock: Clock) {
    this.#ledger = ledger;
    this.#engine = engine;
    this.#pool = pool;
    this.#clock = clock;
  }

  /**
   * Executes a transaction and answers its receipt once it is durable. The very same bytes again get the first receipt.
   *
   * @throws HansaError of `protocol`, `ledger` and `engines`
   */
  async submit(bytes: Uint8Array): Promise<Receipt> {
    try {
      const candidate = this.#ledger.check(bytes, this.#clock.now());
      if (!(await this.#pool.verify(candidate.signatures)))
        throw transactionError("transaction.signature", "a signature does not match its key");
      this.#ledger.noteVerified(candidate);
      const began = this.#clock.now();
      const receipt = await this.#engine.submit(candidate);
      this.#latencies.add(this.#clock.now() - began);
      return receipt;
    } catch (error) {
      const first = isHansaError(error, "transaction.replayed")
        ? this.#firstReceipt(error.payload as Partial<Place>, bytes)
        : undefined;
      if (first !== undefined) return first;
      throw error;
    }
  }

  /** The receipt of the place where these very bytes were executed. */
  #firstReceipt(place: Partial<Place>, bytes: Uint8Array): Receipt | undefined {
    if (place.height === undefined || place.index === undefined) return undefined;
    const block = this.#ledger.block(place.height);
    const stored = block?.transactions[place.index];
    if (stored === undefined || Buffer.compare(stored, bytes) !== 0) return undefined;
    return block?.receipts[place.index];
  }

  /** How long transactions took from their check to their receipt. */
  get latencies(): Latencies {
    return this.#latencies;
  }

  /** @param id - 20 bytes */
  status(id: Uint8Array): SubmissionStatus {
    if (this.#engine.isPending(encodeHex(id))) return { status: "pending" };
    const place = this.#ledger.findById(id);
    const receipt = place === undefined ? undefined : this.#ledger.receipt(place);
    return receipt === undefined ? { status: "unknown" } : { status: "committed", receipt };
  }

  /**
   * Signs and executes operations of the node's own: anchors and the like.
   *
   * @param same - what makes it the same transaction each time, though it is signed again: it is executed once, and gets its first receipt
   * @returns a receipt with code 0
   * @throws HansaError where it is refused, with the receipt's code and payload
   */
  async send(
    ops: readonly Operation[],
    did: string,
    signer: TransactionSigner,
    same?: Pick<TransactionClaims, "jti" | "exp">,
  ): Promise<Receipt> {
    const receipt = await this.#sendOnce(ops, did, signer, same);
    if (receipt.code === 0) return receipt;
    const { code = "http.internal", message = "the operation was refused", payload = {} } = receipt.error ?? {};
    throw new HansaError(code, message, payload as object);
  }

  async #sendOnce(
    ops: readonly Operation[],
    did: string,
    signer: TransactionSigner,
    same: Pick<TransactionClaims, "jti" | "exp"> | undefined,
  ): Promise<Receipt> {
    const claims = { ...prepareClaims(did, this.#ledger.group.id, ops, this.#clock.now(), 60), ...same };
    try {
      return await this.submit(Buffer.from(signTransaction(claims, [signer])));
    } catch (error) {
      // ECDSA signs differently each time, so these may be other bytes than the first.
      const { height, index } = isHansaError(error, "transaction.replayed") ? (error.payload as Partial<Place>) : {};
      const first = height === undefined || index === undefined ? undefined : this.#ledger.receipt({ height, index });
      if (same === undefined || first === undefined) throw error;
      return first;
    }
  }
}
