import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Anchors a root that `prepareEvidence` made. Keep the proofs before: they hold the only copy of the salts.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * await anchorEvidence(client, { root, size, signers: [lab.did] });
 * ```
 */
export function anchorEvidence(
  client: Client,
  args: OperationArgs<"evidence.anchor">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("evidence.anchor", args)], options);
}
