import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Registers a maker's root key: what signs device certificates.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await addRoot(client, { root: encodeMultikey(key), name: "Line 2" });
 * ```
 */
export function addRoot(
  client: Client,
  args: OperationArgs<"devices.addRoot">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.addRoot", args)], options);
}
