import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Puts a new key in an old one's place, with its relationships.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await rotateKey(client, { did, key: fingerprint, publicKey: encodeMultikey(next) });
 * ```
 */
export function rotateKey(
  client: Client,
  args: OperationArgs<"identity.rotateKey">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("identity.rotateKey", args)], options);
}
