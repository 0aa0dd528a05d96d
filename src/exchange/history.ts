/** Events of a resource between two times, each with its place in the log, and none that is not the owner's. */
import { matchesFilter, type TopicLogs } from "#events";
import {
  type Did,
  EVENT_TYPES,
  type GrantResource,
  type LoggedEvent,
  type ReleasedEvents,
  type ReleaseWindow,
} from "#protocol";
import { exchangeError } from "./errors.ts";
import type { ExchangeLedger } from "./needs.ts";

export type EventResource = Extract<GrantResource, { kind: "topic" | "property" }>;

/** Bounds of one release. */
export const HISTORY_LIMITS = { events: 2000, bytes: 2 * 1024 * 1024, looked: 200_000 } as const;

const PAGE = 500;
/** How far an event's own time may lie before that of its place in the log, milliseconds: it may have waited for the disk. */
const SLACK_MS = 60_000;

/** What of the topic logs this room reads. */
export type EventLogs = Pick<TopicLogs, "topics" | "size" | "read" | "offsetAtTime" | "inclusion" | "follow">;

/** Whose an event is: of a device's, whoever owned the device then; else whoever published it. */
function ownerOf({ event }: LoggedEvent, ledger: ExchangeLedger): Did | undefined {
  return ledger.isDevice(event.source) ? ledger.ownerAt(event.source, Date.parse(event.time)) : event.source;
}

/** Which events a resource means, and whether they are the owner's. */
export function eventFilter(resource: EventResource, owner: Did, ledger: ExchangeLedger) {
  return {
    means({ event }: LoggedEvent): boolean {
      if (resource.kind === "topic") {
        const { path = "#" } = resource;
        // At the topic itself there is no level that `+` could stand for.
        return path === "#" || (event.hansapath !== "" && matchesFilter(path, event.hansapath));
      }
      const { device, property } = resource;
      return event.source === device && event.type === EVENT_TYPES.property && event.subject === property;
    },
    isOwned: (logged: LoggedEvent) => ownerOf(logged, ledger) === owner,
  };
}

/**
 * Topics of the provider in which a resource's events may stand.
 *
 * @throws HansaError `exchange.no-data` where the topic is none of the provider's, `exchange.not-owner` where the device is not the owner's
 */
export function topicsOf(
  resource: EventResource,
  { owner, provider, now }: { readonly owner: Did; readonly provider: Did; readonly now: number },
  { logs, ledger }: { readonly logs: EventLogs; readonly ledger: ExchangeLedger },
): string[] {
  if (resource.kind === "topic") {
    if (ledger.operatorOf(resource.topic) !== provider)
      throw exchangeError("exchange.no-data", "the provider operates no such topic");
    return [resource.topic];
  }
  if (ledger.ownerAt(resource.device, now) !== owner)
    throw exchangeError("exchange.not-owner", "the device is not the grant's owner's");
  return logs.topics().filter((topic) => ledger.operatorOf(topic) === provider);
}

/**
 * @throws HansaError `exchange.no-data`, `exchange.not-owner`, `exchange.too-large`
 */
export async function readHistory(
  resource: EventResource,
  window: ReleaseWindow,
  whose: { readonly owner: Did; readonly provider: Did; readonly now: number },
  sources: { readonly logs: EventLogs; readonly ledger: ExchangeLedger },
): Promise<ReleasedEvents[]> {
  const { logs, ledger } = sources;
  const { means, isOwned } = eventFilter(resource, whose.owner, ledger);
  const found: ReleasedEvents[] = [];
  const [from, to] = [window.from * 1000, window.to * 1000];
  let looked = 0;
  let count = 0;
  let bytes = 0;
  let foreign = false;
  for (const topic of topicsOf(resource, whose, sources)) {
    const offsets: number[] = [];
    const end = Math.min(logs.size(topic), logs.offsetAtTime(topic, to + SLACK_MS));
    for (let next = logs.offsetAtTime(topic, from); next < end; ) {
      const page = logs.read(topic, next, Math.min(PAGE, end - next));
      if (page.length === 0) break;
      looked += page.length;
      for (const logged of page) {
        next = logged.offset + 1;
        const time = Date.parse(logged.event.time);
        if (time < from || time >= to || !means(logged)) continue;
        if (!isOwned(logged)) {
          foreign = true;
          continue;
        }
        offsets.push(logged.offset);
        bytes += JSON.stringify(logged.event).length;
        count++;
      }
      if (count > HISTORY_LIMITS.events || bytes > HISTORY_LIMITS.bytes || looked > HISTORY_LIMITS.looked)
        throw exchangeError("exchange.too-large", "more events than one release carries", { ...HISTORY_LIMITS });
      // A long history must not keep everybody else waiting.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (offsets.length > 0) found.push(proveEvents(logs, topic, offsets));
  }
  if (found.length === 0 && foreign)
    throw exchangeError("exchange.not-owner", "what there is is not the grant's owner's");
  return found;
}

/** Paths share most of their hashes: each is told once. */
function proveEvents(logs: EventLogs, topic: string, offsets: readonly number[]): ReleasedEvents {
  const places = new Map<string, number>();
  let checkpoint = "";
  // Without a pause, so that all paths lead to one checkpoint.
  const events = offsets.map((offset) => {
    const proof = logs.inclusion(topic, offset);
    checkpoint = proof.checkpoint;
    const path = proof.path.path.map((hash) => {
      const known = places.get(hash) ?? places.size;
      places.set(hash, known);
      return known;
    });
    return { offset, entry: proof.entry, path };
  });
  return { topic, checkpoint, nodes: [...places.keys()], events };
}
