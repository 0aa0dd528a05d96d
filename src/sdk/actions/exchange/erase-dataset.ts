import type { DatasetErasure } from "#protocol";
import type { Client } from "../../client.ts";
import { connectionTokenOf } from "../../connection.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * Erases a dataset for good, with its salt: what was signed or anchored about it says nothing any more. The owner may, and the member that keeps it.
 *
 * @throws HansaError `exchange.no-data`
 */
export async function eraseDataset(client: Client, args: DatasetErasure, options: CallOptions = {}): Promise<void> {
  await callJson(client, "exchangeDatasetErase", {
    ...options,
    parameters: { group: await groupIdOfClient(client, options.signal) },
    token: await connectionTokenOf(client, options.signal),
    body: { type: "application/json", content: JSON.stringify(args) },
  });
}
