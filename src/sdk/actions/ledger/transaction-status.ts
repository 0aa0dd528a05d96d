import type { TransactionStatus } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * What became of a transaction: unknown, pending, or committed with its receipt.
 *
 * @param id - hexadecimal, as `decodeTransaction` gives it and receipts bear it
 * @example
 * ```ts
 * const { idText } = decodeTransaction(text);
 * const found = await transactionStatus(client, idText);
 * if (found.status === "committed") console.log(found.receipt.height);
 * ```
 */
export async function transactionStatus(
  client: Client,
  id: string,
  options: CallOptions = {},
): Promise<TransactionStatus> {
  const group = await groupIdOfClient(client, options.signal);
  return callJson<TransactionStatus>(client, "transaction", { ...options, parameters: { group, id } });
}
