import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Creates the DID whose fingerprint is this key's. An active member signs, alone or beside the subject.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await createDid(client, { publicKey: encodeMultikey(key) });
 * ```
 */
export function createDid(
  client: Client,
  args: OperationArgs<"identity.create">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("identity.create", args)], options);
}
