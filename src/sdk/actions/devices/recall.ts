import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Cuts every device of a model off at once.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await recallModel(client, { model: "acme/T1", reason: "battery overheats" });
 * ```
 */
export function recallModel(
  client: Client,
  args: OperationArgs<"devices.recall">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.recall", args)], options);
}
