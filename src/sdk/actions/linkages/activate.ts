import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Lets a linkage go on that the same party suspended.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await activateLinkage(client, { linkage });
 * ```
 */
export function activateLinkage(
  client: Client,
  args: OperationArgs<"linkages.activate">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("linkages.activate", args)], options);
}
