import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Takes one's own node out: of consensus, and of the peers.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await retireNode(client, { node });
 * ```
 */
export function retireNode(
  client: Client,
  args: OperationArgs<"nodes.retire">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("nodes.retire", args)], options);
}
