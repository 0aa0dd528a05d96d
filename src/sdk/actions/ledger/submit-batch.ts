import type { Receipt } from "#protocol";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/** What became of one transaction of a batch: its receipt, whatever its code, or why the node did not take it. */
export type BatchItem =
  | { readonly receipt: Receipt }
  | { readonly problem: { readonly code: string; readonly detail: string; readonly [name: string]: unknown } };

/**
 * Submits up to 500 signed transactions in one request, and waits until each is durable or refused. They are independent: each has its
 * own receipt, and a refused one changes nothing for the others. For gateways and imports; a single one goes with `submitTransaction`.
 *
 * @param texts - compact JWTs, or JWS in general JSON serialisation
 * @returns one item for each, in their order
 * @throws HansaError `sdk.unreachable`, `sdk.timeout`, `http.*`; a resubmission is safe
 * @example
 * ```ts
 * const items = await submitBatch(client, texts);
 * const refused = items.filter((item) => !("receipt" in item) || item.receipt.code !== 0);
 * ```
 */
export async function submitBatch(
  client: Client,
  texts: readonly string[],
  options: CallOptions = {},
): Promise<readonly BatchItem[]> {
  const group = await groupIdOfClient(client, options.signal);
  const body = { type: "application/jwt-seq", content: texts.join("\n") };
  const { items } = await callJson<{ items: BatchItem[] }>(client, "submitMany", {
    ...options,
    parameters: { group },
    body,
  });
  return items;
}
