import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Proposes a linkage contract; the proposer's signature is its acceptance.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await proposeLinkage(client, { contract });
 * ```
 */
export function proposeLinkage(
  client: Client,
  args: OperationArgs<"linkages.propose">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("linkages.propose", args)], options);
}
