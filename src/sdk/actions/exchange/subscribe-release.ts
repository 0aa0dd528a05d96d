import { decodeUtf8, isHansaError } from "#base";
import { type AccessReceipt, decodeReleaseRequest, type ReleasedEvent, type SignedAccessReceipt } from "#protocol";
import type { Client } from "../../client.ts";
import { sdkError } from "../../errors.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, deadlineOf, openRoute, unreachable } from "../../request.ts";
import { parseSentEvents } from "../../sse.ts";
import { broken, checkReceipt, isOf, keysOfGroup, type OpenedEvent, openEvent, unseal } from "./open-release.ts";
import { type ReleaseArgs, signRelease } from "./request-release.ts";

/** Largest frame of a subscription, characters. */
const LARGEST_FRAME = 2 * 1024 * 1024;

/** What a subscription brings. */
export type SubscribedItem =
  | { readonly kind: "receipt"; readonly receipt: SignedAccessReceipt; readonly claims: AccessReceipt }
  | { readonly kind: "event"; readonly event: OpenedEvent }
  /** The last one: why the provider sends no more, `revoked` or `expired` for instance. */
  | { readonly kind: "end"; readonly reason: string };

/**
 * Events under a grant as they come, each unsealed and held against the topic's signed checkpoint. It counts as one release, however many events
 * come. It ends with the grant.
 *
 * @throws HansaError the provider's refusal; `sdk.release` where something does not hold; `sdk.unreachable` where the connection breaks
 * @example
 * ```ts
 * for await (const item of subscribeRelease(client, { provider, terms: [document] })) {
 *   if (item.kind === "receipt") await countersignReceipt(client, item.receipt);
 *   if (item.kind === "event") console.log(item.event.event.data);
 * }
 * ```
 */
export async function* subscribeRelease(
  client: Client,
  args: Omit<ReleaseArgs, "window">,
  options: CallOptions = {},
): AsyncGenerator<SubscribedItem, void, undefined> {
  const { signal } = options;
  const group = await groupIdOfClient(client, signal);
  const { request: text, key } = await signRelease(client, { ...args, action: "subscribe" }, options);
  const { request } = decodeReleaseRequest(text);
  const keys = keysOfGroup(client, options);
  const deadline = deadlineOf(client, "exchangeSubscribe", signal);
  try {
    const { url, response } = await openRoute(
      client,
      "exchangeSubscribe",
      { signal, parameters: { group }, body: { type: "application/jwt", content: text } },
      deadline.signal,
    );
    if (response.body === null) throw sdkError("sdk.answer", "the answer is not a stream of events", { url });
    try {
      for await (const item of parseSentEvents(response.body, LARGEST_FRAME)) {
        deadline.arm();
        if (item.kind !== "message") continue;
        const { event, data } = item.message;
        deadline.pause();
        if (event === "receipt") {
          const receipt = JSON.parse(data) as SignedAccessReceipt;
          yield { kind: "receipt", receipt, claims: await checkReceipt(receipt, text, request, keys) };
        } else if (event === "event") {
          const { sealed } = JSON.parse(data) as { readonly sealed: string };
          const opened = JSON.parse(decodeUtf8(await unseal(sealed, key.privateKey)) ?? "") as ReleasedEvent;
          const found = await openEvent(opened, group, keys);
          if (!isOf(request.resource, found)) throw broken("event");
          yield { kind: "event", event: found };
        } else if (event === "end") {
          yield { kind: "end", reason: (JSON.parse(data) as { readonly reason: string }).reason };
          return;
        }
        deadline.arm();
      }
    } catch (error) {
      if (deadline.signal.aborted) throw deadline.signal.reason;
      throw isHansaError(error) ? error : unreachable(url, error);
    }
  } catch (error) {
    if (signal?.aborted) return;
    throw error;
  } finally {
    deadline.clear();
  }
}
