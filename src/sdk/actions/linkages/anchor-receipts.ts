import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Anchors the root (RFC 6962) over a batch of command receipts.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await anchorReceipts(client, { batch: { root, size: 20 }, counts: [{ linkage, done: 19, refused: 1 }] });
 * ```
 */
export function anchorReceipts(
  client: Client,
  args: OperationArgs<"linkages.anchorReceipts">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("linkages.anchorReceipts", args)], options);
}
