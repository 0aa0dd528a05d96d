import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Defines a maker's model; `description` is the digest of its Thing Description.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await defineModel(client, { model: "acme/T1", name: "Thermometer", description: digestOf(thing) });
 * ```
 */
export function defineModel(
  client: Client,
  args: OperationArgs<"devices.defineModel">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.defineModel", args)], options);
}
