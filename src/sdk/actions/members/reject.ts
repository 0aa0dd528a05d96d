import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Rejects a proposal; a member may change its mind until the end.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await rejectProposal(client, { proposal: 3 });
 * ```
 */
export function rejectProposal(
  client: Client,
  args: OperationArgs<"members.reject">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("members.reject", args)], options);
}
