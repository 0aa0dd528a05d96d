import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Closes a topic: no more events; what is in it stays.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await closeTopic(client, { topic: "acme/things" });
 * ```
 */
export function closeTopic(
  client: Client,
  args: OperationArgs<"topics.close">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("topics.close", args)], options);
}
