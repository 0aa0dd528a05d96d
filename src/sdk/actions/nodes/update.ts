import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Changes where one's own node is reached; an `endpoint` of `null` takes it away.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await updateNode(client, { node, address: "ledger2.acme.example:7422" });
 * ```
 */
export function updateNode(
  client: Client,
  args: OperationArgs<"nodes.update">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("nodes.update", args)], options);
}
