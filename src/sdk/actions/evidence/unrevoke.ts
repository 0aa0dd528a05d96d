import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Takes one's own revocation back.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await unrevokeEvidence(client, { root, index: 17 });
 * ```
 */
export function unrevokeEvidence(
  client: Client,
  args: OperationArgs<"evidence.unrevoke">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("evidence.unrevoke", args)], options);
}
