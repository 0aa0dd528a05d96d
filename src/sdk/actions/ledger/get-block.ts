import type { CommittedBlock } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * One block with its transactions as they were sent, and their receipts.
 *
 * @example
 * ```ts
 * const { header, transactions } = await getBlock(client, 12);
 * ```
 */
export async function getBlock(client: Client, height: number, options: CallOptions = {}): Promise<CommittedBlock> {
  const group = await groupIdOfClient(client, options.signal);
  return callJson<CommittedBlock>(client, "block", { ...options, parameters: { group, height: String(height) } });
}
