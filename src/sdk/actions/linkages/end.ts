import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Ends a linkage in good order: all remaining parties sign, or its time is over.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await endLinkage(client, { linkage }, { signers: [acme, hansel] });
 * ```
 */
export function endLinkage(
  client: Client,
  args: OperationArgs<"linkages.end">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("linkages.end", args)], options);
}
