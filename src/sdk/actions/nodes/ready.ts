import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Says that one's own node has caught up and could vote. Nodes do it by themselves.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await readyNode(client, { node, height: 4711 });
 * ```
 */
export function readyNode(
  client: Client,
  args: OperationArgs<"nodes.ready">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("nodes.ready", args)], options);
}
