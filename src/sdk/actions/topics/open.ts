import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Opens a topic; the member that opens it operates it.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await openTopic(client, { topic: "acme/things", publish: [{ who: { devicesOf: did } }], subscribe: [] });
 * ```
 */
export function openTopic(
  client: Client,
  args: OperationArgs<"topics.open">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("topics.open", args)], options);
}
