import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * States what one's own status list holds from now on. Whoever checks a credential holds the list that he was given against it.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await publishStatusList(client, { list: "2027-1", kind: "bitstring", purpose: "revocation", bits: 1, size, version: 2, digest });
 * ```
 */
export function publishStatusList(
  client: Client,
  args: OperationArgs<"statuses.publish">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("statuses.publish", args)], options);
}
