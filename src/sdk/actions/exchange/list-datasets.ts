import type { Did } from "#protocol";
import type { Client } from "../../client.ts";
import { connectionTokenOf } from "../../connection.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";
import type { KeptDataset } from "./put-dataset.ts";

/** Datasets that the client's node keeps, a page at a time. Only the member that runs the node may. */
export async function listDatasets(
  client: Client,
  args: {
    readonly provider?: Did | undefined;
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
  } = {},
  options: CallOptions = {},
): Promise<{ readonly items: readonly KeptDataset[]; readonly next?: string }> {
  return callJson(client, "exchangeDatasets", {
    ...options,
    parameters: { group: await groupIdOfClient(client, options.signal) },
    token: await connectionTokenOf(client, options.signal),
    query: { ...args },
  });
}
