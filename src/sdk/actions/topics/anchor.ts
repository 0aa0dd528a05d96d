import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Anchors sizes and roots of topic logs, which only grow.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await anchorCheckpoints(client, { checkpoints: [{ topic: "acme/things", size: 42, root }] });
 * ```
 */
export function anchorCheckpoints(
  client: Client,
  args: OperationArgs<"topics.anchor">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("topics.anchor", args)], options);
}
