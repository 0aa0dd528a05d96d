import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Removes a maker's root key: no certificate of it counts from now on.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await removeRoot(client, { root });
 * ```
 */
export function removeRoot(
  client: Client,
  args: OperationArgs<"devices.removeRoot">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("devices.removeRoot", args)], options);
}
