import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Deactivates a DID for good: no key of it counts from the next block.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await deactivateDid(client, { did });
 * ```
 */
export function deactivateDid(
  client: Client,
  args: OperationArgs<"identity.deactivate">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("identity.deactivate", args)], options);
}
