import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Takes a key from a DID; nothing that it signs counts from the next block.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await removeKey(client, { did, key: fingerprint });
 * ```
 */
export function removeKey(
  client: Client,
  args: OperationArgs<"identity.removeKey">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("identity.removeKey", args)], options);
}
