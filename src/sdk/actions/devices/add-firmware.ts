import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Adds a firmware version of a model, with its digest.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await addFirmware(client, { model: "acme/T1", version: "1.0.0", digest });
 * ```
 */
export function addFirmware(
  client: Client,
  args: OperationArgs<"devices.addFirmware">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.addFirmware", args)], options);
}
