import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Cuts a device off until it is released.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await quarantineDevice(client, { device, reason: "talks to strangers" });
 * ```
 */
export function quarantineDevice(
  client: Client,
  args: OperationArgs<"devices.quarantine">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.quarantine", args)], options);
}
