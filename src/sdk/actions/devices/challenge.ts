import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Sets the platform's fresh nonce, to be answered by the device once and soon.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await challengeDevice(client, { device, nonce: encodeBase64Url(randomBytes(24)) });
 * ```
 */
export function challengeDevice(
  client: Client,
  args: OperationArgs<"devices.challenge">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.challenge", args)], options);
}
