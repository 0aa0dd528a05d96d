/** Events over HTTP, without a framework: the node's server hands in what it parsed and sends out what comes back. */
import { type Clock, isHansaError } from "#base";
import type { LoggedEvent } from "#protocol";
import type { EventMaker } from "../../cloud-event.ts";
import { eventError } from "../../errors.ts";
import type { EventProof } from "../../log/event-proof.ts";
import type { TopicLogs } from "../../log/topic-logs.ts";
import type { EventRights, Principal } from "../../rights.ts";
import { isTopicName } from "../../topic-filter.ts";

/** What all handlers need. */
export interface EventHandlers {
  readonly logs: TopicLogs;
  readonly rights: EventRights;
}

/** Most events of a page. */
export const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;
/** Most events that are looked at for one page, where the reader may see only some. */
const MAX_SCAN = 5000;

function checkTopic({ rights }: EventHandlers, principal: Principal, topic: string): void {
  if (!rights.stillValid(principal)) throw eventError("events.forbidden", "no longer admitted", { did: principal.did });
  if (rights.resolve(topic)?.topic !== topic) throw eventError("events.unknown-topic", "no open topic", { topic });
}

/**
 * Publishes one event; answers its offset once it is durable.
 *
 * @throws HansaError `events.unknown-topic`, `events.forbidden`, `events.malformed`, `events.too-large`, `events.busy`
 */
export async function publishEvent(
  handlers: EventHandlers & { readonly maker: EventMaker },
  principal: Principal,
  request: {
    readonly topic: string;
    readonly path?: string | undefined;
    readonly contentType: string;
    readonly body: Uint8Array;
  },
): Promise<{ readonly offset: number }> {
  const { topic, path = "", contentType, body } = request;
  checkTopic(handlers, principal, topic);
  const name = path === "" ? topic : `${topic}/${path}`;
  if (!isTopicName(name)) throw eventError("events.malformed", "not a topic's name", { problem: "path" });
  // A longer topic may be open below: then the event is that one's, by its own rules, over MQTT as here.
  if (handlers.rights.resolve(name)?.topic !== topic)
    throw eventError("events.malformed", "the path belongs to another topic", { problem: "path" });
  if (!handlers.rights.mayPublish(principal, topic, path))
    throw eventError("events.forbidden", "no right to publish here", { topic, path });
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  const draft = handlers.maker.make({ principal, path, payload: body, contentType: type });
  return { offset: await handlers.logs.append(topic, draft) };
}

/** Which events of a topic somebody may read. */
function reader({ rights }: EventHandlers, principal: Principal, topic: string) {
  const all = rights.maySubscribe(principal, topic, "#");
  const any = all ? true : rights.maySubscribeAny?.(principal, topic);
  if (any === false) throw eventError("events.forbidden", "no right to read this topic", { topic });
  const known = new Map<string, boolean>();
  return {
    all,
    /** Whether it is known that something is readable; where not, a page without anything readable is refused. */
    sure: any === true,
    may({ event }: LoggedEvent): boolean {
      if (all) return true;
      let may = known.get(event.hansapath);
      if (may === undefined) {
        may = rights.maySubscribe(principal, topic, event.hansapath);
        if (known.size < 1000) known.set(event.hansapath, may);
      }
      return may;
    },
  };
}

/**
 * A page of events from an offset on, as far as the reader may see them; `next` is absent at the end of the log.
 *
 * @throws HansaError `events.unknown-topic`, `events.forbidden`
 */
export function readEvents(
  handlers: EventHandlers,
  principal: Principal,
  request: { readonly topic: string; readonly from?: number | undefined; readonly limit?: number | undefined },
): { readonly items: readonly LoggedEvent[]; readonly next?: number } {
  const { topic, from = 0, limit = DEFAULT_PAGE } = request;
  checkTopic(handlers, principal, topic);
  const readable = reader(handlers, principal, topic);
  if (!readable.sure && !readable.all && handlers.logs.size(topic) === 0)
    throw eventError("events.forbidden", "no right to read this topic", { topic });
  const items: LoggedEvent[] = [];
  const most = Math.min(Math.max(1, limit), MAX_PAGE);
  let next = from;
  let seen = 0;
  while (items.length < most && seen < MAX_SCAN) {
    const page = handlers.logs.read(topic, next, most);
    if (page.length === 0) break;
    for (const logged of page) {
      if (items.length === most) break;
      next = logged.offset + 1;
      seen++;
      if (readable.may(logged)) items.push(logged);
    }
  }
  if (!readable.sure && seen > 0 && items.length === 0)
    throw eventError("events.forbidden", "no right to read this topic", { topic });
  return next < handlers.logs.size(topic) ? { items, next } : { items };
}

/**
 * Proof of one event, for whoever may read it.
 *
 * @throws HansaError `events.unknown-topic`, `events.forbidden`, `events.offset`
 */
export function proveEvent(
  handlers: EventHandlers,
  principal: Principal,
  request: { readonly topic: string; readonly offset: number },
): EventProof {
  const { topic, offset } = request;
  checkTopic(handlers, principal, topic);
  const readable = reader(handlers, principal, topic);
  const logged = handlers.logs.read(topic, offset, 1)[0];
  if (!readable.all && (logged?.offset !== offset || !readable.may(logged)))
    throw eventError("events.forbidden", "no right to read this event", { topic, offset });
  return handlers.logs.inclusion(topic, offset);
}

export interface LiveRequest {
  readonly topic: string;
  /** Where to begin; without it, what comes from now on. */
  readonly from?: number | undefined;
  /** The header `Last-Event-ID`: begins behind it. It counts before `from`. */
  readonly lastEventId?: string | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Milliseconds of silence after which a comment is sent, 15,000 by default. */
  readonly heartbeat?: number;
}

/**
 * Events as they come, as server-sent events (HTML Living Standard §9.2): `id` is the offset, `data` the logged event. Rights are looked at
 * again with every event and every heartbeat; a reader who lost his gets `event: problem` and the end.
 *
 * @throws HansaError `events.unknown-topic`, `events.forbidden`, `events.too-many`, before the first frame
 * @example
 * ```ts
 * for await (const frame of liveEvents(handlers, principal, { topic, signal, clock })) response.write(frame);
 * ```
 */
export function liveEvents(
  handlers: EventHandlers,
  principal: Principal,
  request: LiveRequest,
): AsyncGenerator<string, void, undefined> {
  const { topic, lastEventId } = request;
  checkTopic(handlers, principal, topic);
  const readable = reader(handlers, principal, topic);
  if (!readable.all && !readable.sure && handlers.logs.size(topic) === 0)
    throw eventError("events.forbidden", "no right to read this topic", { topic });
  const last = /^(0|[1-9]\d{0,15})$/.test(lastEventId ?? "") ? Number(lastEventId) + 1 : undefined;
  const from = last ?? request.from ?? handlers.logs.size(topic);
  return frames(handlers, principal, request, from);
}

async function* frames(
  handlers: EventHandlers,
  principal: Principal,
  request: LiveRequest,
  from: number,
): AsyncGenerator<string, void, undefined> {
  const { topic, signal, clock, heartbeat = 15_000 } = request;
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) stop.abort();
  const events = handlers.logs.follow(topic, from, { signal: stop.signal });
  try {
    yield ": live\n\n";
    let pending = events.next();
    while (!stop.signal.aborted) {
      let cancel: () => void = () => {};
      const silence = new Promise<"silence">((resolve) => {
        cancel = clock.after(heartbeat, () => resolve("silence"));
      });
      const heard = await Promise.race([pending, silence]);
      cancel();
      checkTopic(handlers, principal, topic);
      if (heard === "silence") {
        yield ": still here\n\n";
        continue;
      }
      if (heard.done) return;
      pending = events.next();
      const { value: logged } = heard;
      const { rights } = handlers;
      if (
        !rights.maySubscribe(principal, topic, "#") &&
        !rights.maySubscribe(principal, topic, logged.event.hansapath)
      ) {
        if (rights.maySubscribeAny?.(principal, topic) === false)
          throw eventError("events.forbidden", "no right to read this topic", { topic });
        continue;
      }
      yield `id: ${logged.offset}\ndata: ${JSON.stringify(logged)}\n\n`;
    }
  } catch (error) {
    if (!isHansaError(error)) throw error;
    yield `event: problem\ndata: ${JSON.stringify({ code: error.code, detail: error.message, advice: error.advice })}\n\n`;
  } finally {
    signal.removeEventListener("abort", abort);
    stop.abort();
    await events.return();
  }
}
