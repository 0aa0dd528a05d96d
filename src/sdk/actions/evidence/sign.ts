import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Signs what was anchored, as one of those who were named for it.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await signEvidence(client, { root });
 * ```
 */
export function signEvidence(
  client: Client,
  args: OperationArgs<"evidence.sign">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("evidence.sign", args)], options);
}
