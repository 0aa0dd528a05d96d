import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Anchors the root (RFC 6962) over a batch of access receipts, and counts their releases off their grants.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await anchorAccess(client, { root, size: 3, grants: [{ grant, used: 3 }] });
 * ```
 */
export function anchorAccess(
  client: Client,
  args: OperationArgs<"grants.anchor">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("grants.anchor", args)], options);
}
