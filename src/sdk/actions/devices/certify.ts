import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * States a lab's verdict on one model with one firmware.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await certifyModel(client, { model: "acme/T1", firmware: "1.0.0", status: "certified", evidence, until });
 * ```
 */
export function certifyModel(
  client: Client,
  args: OperationArgs<"devices.certify">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.certify", args)], options);
}
