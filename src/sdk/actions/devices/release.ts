import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Lets a device out of quarantine.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await releaseDevice(client, { device });
 * ```
 */
export function releaseDevice(
  client: Client,
  args: OperationArgs<"devices.release">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.release", args)], options);
}
