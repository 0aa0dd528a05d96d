import type { AccessReceiptProof } from "#protocol";
import type { Client } from "../../client.ts";
import { connectionTokenOf } from "../../connection.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * An access receipt as a file for third parties. It is not checked here: give it to `verifyAccessReceipt`.
 *
 * @throws HansaError `exchange.unknown-receipt`, `exchange.not-anchored`
 */
export async function getAccessReceipt(
  client: Client,
  args: { readonly receipt: string },
  options: CallOptions = {},
): Promise<AccessReceiptProof> {
  return callJson(client, "exchangeReceiptProof", {
    ...options,
    parameters: { group: await groupIdOfClient(client, options.signal) },
    token: await connectionTokenOf(client, options.signal),
    query: { receipt: args.receipt },
  });
}
