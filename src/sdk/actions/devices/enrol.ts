import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Takes a device in: its maker's certificate is checked.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await enrolDevice(client, { device, certificate, owner });
 * ```
 */
export function enrolDevice(
  client: Client,
  args: OperationArgs<"devices.enrol">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.enrol", args)], options);
}
