import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Gives a topic new rules, from the next block.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await changeTopic(client, { topic: "acme/things", publish: [], subscribe: [{ who: { role: "lab" } }] });
 * ```
 */
export function changeTopic(
  client: Client,
  args: OperationArgs<"topics.change">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("topics.change", args)], options);
}
