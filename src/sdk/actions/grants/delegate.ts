import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Hands on what was got, or less of it: the whole chain is checked at every use.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * const document = makeTerms(createGrantId(), narrower);
 * const { grant } = document;
 * await delegateGrant(client, { parent, grant, recipient, terms: digestTerms(document), from, until, count: 1, delegable: 0 });
 * ```
 */
export function delegateGrant(
  client: Client,
  args: OperationArgs<"grants.delegate">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("grants.delegate", args)], options);
}
