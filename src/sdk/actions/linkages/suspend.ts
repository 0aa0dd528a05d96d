import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Stops a linkage until the same party activates it again.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await suspendLinkage(client, { linkage, reason: "holidays" });
 * ```
 */
export function suspendLinkage(
  client: Client,
  args: OperationArgs<"linkages.suspend">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("linkages.suspend", args)], options);
}
