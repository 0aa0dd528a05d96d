import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Ends a grant and all that was handed on under it, from the next block on.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await revokeGrant(client, { grant });
 * ```
 */
export function revokeGrant(
  client: Client,
  args: OperationArgs<"grants.revoke">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("grants.revoke", args)], options);
}
