/** Execution of one transaction: pure in state, time and bytes. */
import { HansaError, type Json } from "#base";
import { type Fact, type Receipt, type Transaction, transactionError } from "#protocol";
import { isActiveMember, readParameters } from "../modules/members/records.ts";
import { MODULES } from "../modules/registry.ts";
import { Overlay, type Reader } from "../state/state.ts";
import { RECEIPT_ERRORS, receiptNumber } from "./errors.ts";
import type { Context, Handler } from "./module.ts";
import { keyOfSignature, partiesOf, type SeenTransactions, type SignatureCheck } from "./signatures.ts";

const HANDLERS = new Map<string, Handler<never>>(
  MODULES.flatMap((module) =>
    Object.keys(module.operations).map((name): [string, Handler<never>] => [
      name,
      (module.handlers as Record<string, Handler<never>>)[name] as Handler<never>,
    ]),
  ),
);

/** What stays the same for all transactions of a group. */
export interface Group {
  readonly id: string;
  readonly alliance: string;
}

/**
 * The checks that need state but no signature: audience, times, keys. Their order is part of the protocol, since the first that
 * fails gives the receipt's code.
 *
 * @param time - block time, milliseconds
 * @throws HansaError with one of `TRANSACTION_ERRORS`
 */
export function checkAgainstState(
  state: Reader,
  group: Group,
  transaction: Transaction,
  time: number,
): SignatureCheck[] {
  const { aud, exp } = transaction.claims;
  if (aud !== group.id)
    throw transactionError("transaction.audience", `the transaction is for ${aud}`, { aud, group: group.id });
  if (exp * 1000 <= time) throw transactionError("transaction.expired", "the transaction has expired", { exp, time });
  const { windowSeconds } = readParameters(state);
  if (exp * 1000 > time + windowSeconds * 1000)
    throw transactionError("transaction.too-far-ahead", `\`exp\` is more than ${windowSeconds} s ahead`, {
      exp,
      time,
      windowSeconds,
    });
  return transaction.signatures.map((signature) => ({
    key: keyOfSignature(state, group.alliance, transaction, signature),
    input: signature.input,
    signature: signature.signature,
  }));
}

/** What came of one transaction. */
export interface Outcome {
  readonly receipt: Receipt;
  /** The transaction whose id counts as used from now on; undefined where it was refused before its signatures held. */
  readonly consumed: Transaction | undefined;
}

export interface ExecutionParts {
  readonly group: Group;
  readonly seen: SeenTransactions;
  /** Nodes of validators whose vote the last block lacked. */
  readonly absent: readonly string[];
  /** State and time of the last block. */
  readonly before: Reader;
  readonly lastTime: number;
  /** Whether an executed transaction, earlier in the block or before, has this one's id. */
  readonly isReplay: (transaction: Transaction) => boolean;
}

/** Executes one transaction over the block's overlay. Never throws for what a transaction can do. */
export function executeTransaction(
  block: Overlay,
  parts: ExecutionParts,
  bytes: Uint8Array,
  height: number,
  index: number,
  time: number,
): Outcome {
  let transaction: Transaction | undefined;
  let consumed: Transaction | undefined;
  let operation: number | undefined;
  const facts: Fact[] = [];
  try {
    transaction = parts.seen.decode(bytes);
    const checks = checkAgainstState(block, parts.group, transaction, time);
    if (parts.isReplay(transaction))
      throw transactionError("transaction.replayed", "the transaction was executed before");
    if (!parts.seen.verify(bytes, checks))
      throw transactionError("transaction.signature", "a signature does not match its key");
    // From here on the id is used, whatever the operations come to: the issuer did sign this request, once.
    consumed = transaction;
    const overlay = new Overlay(block);
    const context: Context = {
      state: overlay,
      height,
      time,
      group: parts.group.id,
      alliance: parts.group.alliance,
      issuer: transaction.claims.iss,
      absent: parts.absent,
      before: parts.before,
      lastTime: parts.lastTime,
      parties: partiesOf(block, transaction),
      emit: (fact, about, data = {}) =>
        facts.push({ fact, about: about.length > 1 ? [...new Set(about)] : [...about], data }),
    };
    requireStanding(block, transaction);
    transaction.claims.ops.forEach((call, i) => {
      operation = i;
      (HANDLERS.get(call.op) as Handler<never>)(context, call.args as never);
    });
    overlay.applyTo(block);
    return { consumed, receipt: { id: transaction.idText, height, index, code: 0, facts } };
  } catch (error) {
    // Anything else than a refusal is a fault of ours: it must stop the node, not become state.
    if (!(error instanceof HansaError) || !Object.hasOwn(RECEIPT_ERRORS, error.code)) throw error;
    const failure = {
      code: error.code,
      message: error.message,
      payload: error.payload as Json,
      ...(operation === undefined ? {} : { operation }),
    };
    return {
      consumed,
      receipt: {
        id: transaction?.idText ?? "",
        height,
        index,
        code: receiptNumber(error.code),
        facts: [],
        error: failure,
      },
    };
  }
}

/** A suspended or removed member acts no more, not even where a right asks only for a DID. */
function requireStanding(state: Reader, transaction: Transaction): void {
  for (const { did } of transaction.signatures) {
    const member = state.get<{ status: string }>(`member/${did}`);
    if (member !== undefined && !isActiveMember(state, did))
      throw transactionError("kernel.forbidden", `${did} is ${member.status}`, { needs: "a member in good standing" });
  }
}
