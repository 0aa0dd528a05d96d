import { encodeBase64Url } from "#base";
import type { DatasetDraft, Did } from "#protocol";
import type { Client } from "../../client.ts";
import { connectionTokenOf } from "../../connection.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/** A dataset as its provider lists it: without content and salt. */
export interface KeptDataset {
  readonly dataset: string;
  readonly owner: Did;
  readonly mediaType: string;
  readonly credential?: string;
  readonly bytes: number;
  /** Salted digest of the content. */
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly created: number;
}

/**
 * Keeps a dataset for its owner at the client's node. Only the member that runs the node may; only the owner's grants let it out.
 *
 * @throws HansaError `exchange.dataset-exists`, `exchange.too-large`, `http.forbidden`
 */
export async function putDataset(
  client: Client,
  { content, ...draft }: Omit<DatasetDraft, "content"> & { readonly content: Uint8Array },
  options: CallOptions = {},
): Promise<KeptDataset> {
  const body = JSON.stringify({ ...draft, content: encodeBase64Url(content) });
  return callJson<KeptDataset>(client, "exchangeDatasetPut", {
    ...options,
    parameters: { group: await groupIdOfClient(client, options.signal) },
    token: await connectionTokenOf(client, options.signal),
    body: { type: "application/json", content: body },
  });
}
