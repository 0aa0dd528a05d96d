import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Accepts a linkage: its id is the digest of the contract. With the last party's word it is active.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await acceptLinkage(client, { linkage });
 * ```
 */
export function acceptLinkage(
  client: Client,
  args: OperationArgs<"linkages.accept">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("linkages.accept", args)], options);
}
