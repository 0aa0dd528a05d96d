import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Takes a service from a DID.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await removeService(client, { did, service: "web" });
 * ```
 */
export function removeService(
  client: Client,
  args: OperationArgs<"identity.removeService">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("identity.removeService", args)], options);
}
