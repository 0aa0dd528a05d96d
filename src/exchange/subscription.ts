/**
 * Live events under a grant, sealed one by one. Whether the grant stands, and whether the recipient's key may still act, is asked at every event,
 * after every block, and when the grant's time ends.
 */
import { type Clock, encodeUtf8, isHansaError } from "#base";
import {
  type Did,
  decodeAccessReceipt,
  type GrantRecord,
  type LoggedEvent,
  type ReleasedEvent,
  type SignedAccessReceipt,
} from "#protocol";
import { type ProvenRequest, reasonOf, requireStill } from "./check-request.ts";
import { exchangeError } from "./errors.ts";
import { type EventLogs, type EventResource, eventFilter, topicsOf } from "./history.ts";
import type { ExchangeLedger } from "./needs.ts";
import type { Sealer } from "./seal.ts";

/** What a subscriber hears. */
export type SubscriptionFrame =
  | { readonly kind: "receipt"; readonly receipt: SignedAccessReceipt }
  | { readonly kind: "event"; readonly topic: string; readonly offset: number; readonly sealed: string }
  | { readonly kind: "silence" }
  /** The last one: why there are no more. */
  | { readonly kind: "end"; readonly reason: string };

export interface SubscriptionLimits {
  /** Open at once, at most; 500 by default. */
  readonly most?: number;
  /** Of them for one recipient, at most: nobody takes the room of all others; 50 by default. */
  readonly mostOfOne?: number;
}

export interface SubscriptionsOptions extends SubscriptionLimits {
  readonly logs: EventLogs;
  readonly ledger: ExchangeLedger;
  readonly clock: Clock;
  readonly provider: Did;
  /** Milliseconds of silence after which a sign of life is sent; 15,000 by default. */
  readonly heartbeat?: number;
}

/** A request, by whose digest there is one stream. */
interface Wanted extends ProvenRequest {
  readonly resource: EventResource;
  readonly owner: Did;
  readonly sealer: Sealer;
}

/** A stream that has its place, to be opened once its count is used. */
export interface PreparedSubscription {
  open(
    receipt: SignedAccessReceipt,
    options: { readonly signal: AbortSignal; readonly from?: number | undefined },
  ): AsyncGenerator<SubscriptionFrame, void, undefined>;
  /** Gives the place back where it comes to no stream. */
  leave(): void;
}

/** Longest that a timer may wait in one go: beyond, the platform would fire at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #open = new Map<string, { readonly wanted: Wanted; readonly end: (reason: string) => void }>();
  /** Places by request, those included that wait for their count: how many could pass the bound at once does not matter then. */
  readonly #places = new Map<string, { readonly recipient: Did; streams: number }>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** Ends those whose grant no longer stands, or whose recipient may no longer act. */
  recheck(): void {
    for (const { wanted, end } of [...this.#open.values()]) {
      const lapse = this.#lapseOf(wanted);
      if (lapse !== undefined) end(lapse);
    }
  }

  stop(): void {
    for (const { end } of [...this.#open.values()]) end("stopped");
  }

  /**
   * Looks at all that can refuse a subscription, before its count is used, and keeps a place for it.
   *
   * @throws HansaError `exchange.no-data`, `exchange.not-owner`, `exchange.busy`
   */
  prepare(wanted: Wanted): PreparedSubscription {
    const { logs, ledger, clock, provider } = this.#options;
    this.requireRoom(wanted);
    const topics = topicsOf(wanted.resource, { owner: wanted.owner, provider, now: clock.now() }, { logs, ledger });
    const [topic] = topics;
    // A property is followed where its device has spoken last; one that never spoke has no topic yet.
    const followed = wanted.resource.kind === "topic" ? topic : newestTopicOf(wanted.resource.device, topics, logs);
    if (followed === undefined) throw exchangeError("exchange.no-data", "the device has not spoken yet");
    const leave = this.#takePlace(wanted);
    return { open: (receipt, options) => this.#frames(wanted, followed, receipt, { ...options, leave }), leave };
  }

  /**
   * Whether there is room for a request. To be asked before its nonce is used, too: so that it may be sent again.
   *
   * @throws HansaError `exchange.busy`
   */
  requireRoom({ digest, request }: ProvenRequest): void {
    const { most = 500, mostOfOne = 50 } = this.#options;
    if (this.#places.has(digest)) return;
    const mine = [...this.#places.values()].filter(({ recipient }) => recipient === request.iss).length;
    if (this.#places.size >= most || mine >= mostOfOne)
      throw exchangeError("exchange.busy", "too many subscriptions are open", { limit: most, limitOfOne: mostOfOne });
  }

  #takePlace({ digest, request }: Wanted): () => void {
    const place = this.#places.get(digest) ?? { recipient: request.iss, streams: 0 };
    place.streams++;
    this.#places.set(digest, place);
    return () => {
      if (--place.streams === 0) this.#places.delete(digest);
    };
  }

  async *#frames(
    wanted: Wanted,
    topic: string,
    receipt: SignedAccessReceipt,
    {
      signal,
      from,
      leave,
    }: { readonly signal: AbortSignal; readonly from?: number | undefined; readonly leave: () => void },
  ): AsyncGenerator<SubscriptionFrame, void, undefined> {
    const { logs, ledger, clock, heartbeat = 15_000 } = this.#options;
    const stop = new AbortController();
    let reason: string | undefined;
    const end = (why: string) => {
      reason ??= why;
      stop.abort();
    };
    const gone = () => end("closed");
    // The same request again takes the place of the first: one count, one stream.
    this.#open.get(wanted.digest)?.end("replaced");
    const mine = { wanted, end };
    this.#open.set(wanted.digest, mine);
    signal.addEventListener("abort", gone, { once: true });
    if (signal.aborted) gone();
    let cancelExpiry = () => {};
    const { means, isOwned } = eventFilter(wanted.resource, wanted.owner, ledger);
    // Never from before it was opened: what came earlier is a history, which takes another action and a window.
    const opened = decodeAccessReceipt(receipt).receipt.iat * 1000;
    const isOld = ({ event }: LoggedEvent) => Date.parse(event.time) < opened;
    const size = logs.size(topic);
    const first = from === undefined ? size : Math.min(size, Math.max(from, logs.offsetAtTime(topic, opened)));
    const events = logs.follow(topic, first, { signal: stop.signal });
    try {
      cancelExpiry = this.#atExpiry(wanted, end);
      yield { kind: "receipt", receipt };
      let pending = events.next();
      while (!stop.signal.aborted) {
        const heard = await orSilence(pending, clock, heartbeat);
        const lapse = this.#lapseOf(wanted);
        if (lapse !== undefined) end(lapse);
        if (stop.signal.aborted) break;
        if (heard === "silence") {
          yield { kind: "silence" };
          continue;
        }
        if (heard.done === true) break;
        pending = events.next();
        const logged = heard.value;
        if (isOld(logged) || !means(logged) || !isOwned(logged)) continue;
        const sealed = wanted.sealer.seal(encodeUtf8(JSON.stringify(this.#prove(logged))));
        yield { kind: "event", topic, offset: logged.offset, sealed };
      }
      if (reason !== "closed") yield { kind: "end", reason: reason ?? "stopped" };
    } finally {
      cancelExpiry();
      signal.removeEventListener("abort", gone);
      if (this.#open.get(wanted.digest) === mine) this.#open.delete(wanted.digest);
      leave();
      stop.abort();
      await events.return();
    }
  }

  #prove({ topic, offset }: LoggedEvent): ReleasedEvent {
    const { entry, path, checkpoint } = this.#options.logs.inclusion(topic, offset);
    return { hansa: "event/1", topic, offset, entry, path, checkpoint };
  }

  /** Why a request no longer has what it had; that its count is used up by now does not matter to what is open. */
  #lapseOf(wanted: Wanted): string | undefined {
    try {
      requireStill(wanted, this.#options);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** An idle ledger has no block at the second in which a grant ends. */
  #atExpiry(wanted: Wanted, end: (reason: string) => void): () => void {
    const { clock } = this.#options;
    let cancel = () => {};
    const wait = () => {
      let chain: readonly GrantRecord[];
      try {
        chain = requireStill(wanted, this.#options);
      } catch (error) {
        if (!isHansaError(error)) throw error;
        end(reasonOf(error));
        return;
      }
      const until = Math.min(...chain.map((link) => link.until)) * 1000;
      cancel = clock.after(Math.min(Math.max(until - clock.now(), 1), LONGEST_WAIT_MS), wait);
    };
    wait();
    return () => cancel();
  }
}

function newestTopicOf(device: Did, topics: readonly string[], logs: EventLogs): string | undefined {
  let newest: { readonly topic: string; readonly time: number } | undefined;
  for (const topic of topics) {
    const size = logs.size(topic);
    const page = logs.read(topic, Math.max(0, size - 1000), 1000);
    const last = page.findLast(({ event }) => event.source === device);
    const time = last === undefined ? undefined : Date.parse(last.event.time);
    if (time !== undefined && (newest === undefined || time > newest.time)) newest = { topic, time };
  }
  return newest?.topic;
}

async function orSilence<Value>(pending: Promise<Value>, clock: Clock, ms: number): Promise<Value | "silence"> {
  let cancel: () => void = () => {};
  const silence = new Promise<"silence">((resolve) => {
    cancel = clock.after(ms, () => resolve("silence"));
  });
  try {
    return await Promise.race([pending, silence]);
  } finally {
    cancel();
  }
}
