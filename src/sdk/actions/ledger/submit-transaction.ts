import { HansaError, isHansaError } from "#base";
import { decodeTransaction, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";
import { waitBefore } from "../../wait.ts";
import { transactionStatus } from "./transaction-status.ts";

/**
 * Submits a signed transaction and waits until it is durable.
 *
 * Where the connection breaks or the node is busy, the identical text is sent again: a transaction is executed once, and a
 * resubmission gets the first receipt. Nothing is ever signed anew here.
 *
 * @param text - compact JWT, or JWS in general JSON serialisation
 * @returns the receipt, whose `code` is 0
 * @throws HansaError the error of the receipt, its payload with `id`, `height` and `operation`; `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * const text = signTransaction(claims, [party]);
 * const { height, index } = await submitTransaction(client, text);
 * ```
 */
export async function submitTransaction(client: Client, text: string, options: CallOptions = {}): Promise<Receipt> {
  const group = await groupIdOfClient(client, options.signal);
  const type = text.startsWith("{") ? "application/jose+json" : "application/jwt";
  for (let attempt = 1; ; attempt++) {
    try {
      const body = { type, content: text };
      return succeeded(await callJson<Receipt>(client, "submit", { ...options, parameters: { group }, body }));
    } catch (error) {
      if (attempt > 1 && isHansaError(error, "transaction.expired")) {
        // It may have run out between two tries of which the first was executed and its answer lost.
        const found = await transactionStatus(client, decodeTransaction(text).idText, options);
        if (found.status === "committed") return succeeded(found.receipt);
      }
      if (attempt >= client.retry.attempts || options.signal?.aborted || !isPassing(error)) throw error;
      await waitBefore(attempt, client.retry, options.signal);
    }
  }
}

/** Refusals that say: not now. The engine did not take the transaction, or could not store its block. */
const PASSING: ReadonlySet<string> = new Set([
  "engine.busy",
  "engine.stopped",
  "engine.commit-failed",
  "node.worker-lost",
]);

/** Whether the next try may end otherwise, and the transaction was perhaps not taken. */
function isPassing(error: unknown): boolean {
  return (
    isHansaError(error, "sdk.unreachable") ||
    isHansaError(error, "sdk.timeout") ||
    (isHansaError(error) && PASSING.has(error.code))
  );
}

function succeeded(receipt: Receipt): Receipt {
  if (receipt.code === 0) return receipt;
  const { id, height, index, code, error } = receipt;
  const payload = typeof error?.payload === "object" && error.payload !== null ? error.payload : {};
  const at = { id, height, index, number: code };
  throw new HansaError(error?.code ?? `receipt.${code}`, error?.message ?? `the ledger refused with number ${code}`, {
    ...payload,
    ...at,
    ...(error?.operation === undefined ? {} : { operation: error.operation }),
  });
}
