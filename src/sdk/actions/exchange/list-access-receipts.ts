import type { GrantResource, SignedAccessReceipt } from "#protocol";
import type { Client } from "../../client.ts";
import { connectionTokenOf } from "../../connection.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/** An access receipt as its provider shows it. */
export interface ListedReceipt {
  readonly jti: string;
  readonly receipt: SignedAccessReceipt;
  /** What it was about, where that was not erased. */
  readonly opened?: { readonly resource: GrantResource; readonly salt: string };
  /** Where its batch is anchored; absent while that waits. */
  readonly place?: { readonly height: number; readonly index: number };
}

/** Access receipts of a grant, newest first: who had the data, and what for. For the grant's owner, its parties and the provider. */
export async function listAccessReceipts(
  client: Client,
  args: { readonly grant: string; readonly limit?: number | undefined },
  options: CallOptions = {},
): Promise<{ readonly items: readonly ListedReceipt[] }> {
  return callJson(client, "exchangeReceipts", {
    ...options,
    parameters: { group: await groupIdOfClient(client, options.signal) },
    token: await connectionTokenOf(client, options.signal),
    query: { ...args },
  });
}
