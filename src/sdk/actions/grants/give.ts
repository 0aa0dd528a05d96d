import { type OperationArgs, operation, type Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { type SendOptions, sendOperations } from "../ledger/send-operations.ts";

/**
 * Authorises a recipient. The ledger gets digests of the terms; recipient and provider need the terms document itself.
 *
 * @returns the receipt, once it is durable
 * @throws HansaError the ledger's refusal; `sdk.no-signer`, `sdk.unreachable`, `sdk.timeout`
 * @example
 * ```ts
 * const document = makeTerms(createGrantId(), terms);
 * const { grant } = document;
 * await giveGrant(client, { grant, recipient, provider, terms: digestTerms(document), from, until, count: 10, delegable: 0 });
 * ```
 */
export function giveGrant(
  client: Client,
  args: OperationArgs<"grants.give">,
  options: SendOptions = {},
): Promise<Receipt> {
  return sendOperations(client, [operation("grants.give", args)], options);
}
