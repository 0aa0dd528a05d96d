import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Approves a proposal; at the quorum the change takes effect.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await approveProposal(client, { proposal: 3 });
 * ```
 */
export function approveProposal(
  client: Client,
  args: OperationArgs<"members.approve">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("members.approve", args)], options);
}
