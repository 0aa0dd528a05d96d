import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Gives a device a new owner; both owners sign.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await transferDevice(client, { device, to: bob.did }, { signers: [alice, bob] });
 * ```
 */
export function transferDevice(
  client: Client,
  args: OperationArgs<"devices.transfer">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.transfer", args)], options);
}
