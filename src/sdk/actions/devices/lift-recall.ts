import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Lifts the recall of a model.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await liftRecall(client, { model: "acme/T1" });
 * ```
 */
export function liftRecall(
  client: Client,
  args: OperationArgs<"devices.liftRecall">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.liftRecall", args)], options);
}
