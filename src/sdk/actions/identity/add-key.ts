import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Adds a key to a DID, for the given relationships.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await addKey(client, { did, publicKey: encodeMultikey(key), relationships: ["authentication"] });
 * ```
 */
export function addKey(
  client: Client,
  args: OperationArgs<"identity.addKey">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("identity.addKey", args)], options);
}
