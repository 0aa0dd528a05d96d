import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Takes one's own proposal back.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await withdrawProposal(client, { proposal: 3 });
 * ```
 */
export function withdrawProposal(
  client: Client,
  args: OperationArgs<"members.withdraw">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("members.withdraw", args)], options);
}
