import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Revokes all that lies below a root, or one document of it.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await revokeEvidence(client, { root, index: 17, reason: "measured with a broken probe" });
 * ```
 */
export function revokeEvidence(
  client: Client,
  args: OperationArgs<"evidence.revoke">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("evidence.revoke", args)], options);
}
