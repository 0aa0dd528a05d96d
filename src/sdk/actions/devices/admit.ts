import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Admits a device on its signed answer: chain, certification, firmware and freshness are checked.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await admitDevice(client, { device, attestation, until });
 * ```
 */
export function admitDevice(
  client: Client,
  args: OperationArgs<"devices.admit">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.admit", args)], options);
}
