import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Revokes a device for good.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await revokeDevice(client, { device, reason: "stolen" });
 * ```
 */
export function revokeDevice(
  client: Client,
  args: OperationArgs<"devices.revoke">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.revoke", args)], options);
}
