/** What one connection may do. Answers are kept for a moment, so that a message costs a look into a map and not into the ledger. */
import { commandTopic, resultTopic } from "#protocol";
import { eventError } from "../../errors.ts";
import type { EventRights, Principal } from "../../rights.ts";
import { isTopicFilter, isTopicName, matchesFilter } from "../../topic-filter.ts";

/** Most topics whose answers are kept for one connection. */
const KEPT = 256;
/** Longest time that an answer is kept where nobody says that the ledger changed, milliseconds. */
const KEPT_MS = 1000;

/** Where a message goes: into a topic's log, or to the node as a device's result. */
export type Destination = { readonly topic: string; readonly path: string } | "result";

/** Subscriptions as aedes keeps them on its client. */
type Subscriptions = Readonly<Record<string, { readonly qos: number } | undefined>>;

export class ConnectionRights {
  readonly principal: Principal;
  /** Filters that were granted and not given up. aedes knows of them later: where a session is kept, once they are written. */
  readonly filters = new Set<string>();
  readonly #rights: EventRights;
  readonly #now: () => number;
  readonly #destinations = new Map<string, Destination>();
  readonly #levels = new Map<string, number>();
  #until = 0;
  #valid = true;

  constructor(principal: Principal, rights: EventRights, now: () => number) {
    this.principal = principal;
    this.#rights = rights;
    this.#now = now;
  }

  /** Forgets all answers: the ledger changed, or the client's subscriptions did. */
  forget(): void {
    this.#until = 0;
  }

  /** Whether the principal still stands. */
  isValid(): boolean {
    const now = this.#now();
    if (now >= this.#until || now < this.#until - KEPT_MS) {
      this.#destinations.clear();
      this.#levels.clear();
      this.#until = now + KEPT_MS;
      this.#valid = this.#rights.stillValid(this.principal);
    }
    return this.#valid;
  }

  /**
   * Where a message with this name goes.
   *
   * @throws HansaError `events.forbidden`, `events.unknown-topic`, `events.malformed`
   */
  destination(name: string): Destination {
    const { did, fingerprint, kind } = this.principal;
    if (!this.isValid()) throw eventError("events.forbidden", "the connection's owner is no longer admitted", { did });
    const kept = this.#destinations.get(name);
    if (kept !== undefined) return kept;
    let destination: Destination | undefined;
    if (isReserved(name)) {
      if (kind !== "device" || name !== resultTopic(fingerprint)) throw forbidden("publish", name);
      destination = "result";
    } else {
      if (!isTopicName(name)) throw eventError("events.malformed", "not a topic's name", { problem: "topic name" });
      destination = this.#rights.resolve(name);
      if (destination === undefined) throw eventError("events.unknown-topic", "no open topic", { name });
      if (!this.#rights.mayPublish(this.principal, destination.topic, destination.path))
        throw forbidden("publish", name);
    }
    if (this.#destinations.size >= KEPT) this.#destinations.clear();
    this.#destinations.set(name, destination);
    return destination;
  }

  /** Whether a filter may be subscribed to. */
  maySubscribe(filter: string): boolean {
    const { fingerprint, kind } = this.principal;
    if (!this.isValid() || !isTopicFilter(filter)) return false;
    if (isReserved(filter)) return kind === "device" && filter === commandTopic(fingerprint);
    // The topic must stand in front of the first wildcard: nobody subscribes to topics that he does not name.
    const levels = filter.split("/");
    const wild = levels.findIndex((level) => level === "+" || level === "#");
    const literal = wild < 0 ? filter : levels.slice(0, wild).join("/");
    const found = literal === "" ? undefined : this.#rights.resolve(literal);
    if (found === undefined) return false;
    const rest = filter.slice(found.topic.length + 1);
    return this.#rights.maySubscribe(this.principal, found.topic, rest);
  }

  /** The level at which a message may be forwarded, or -1. A wildcard may cover topics that have rules of their own. */
  level(name: string, subscriptions: Subscriptions): number {
    if (!this.isValid()) return -1;
    const kept = this.#levels.get(name);
    if (kept !== undefined) return kept;
    const level = this.#mayReceive(name) ? grantedLevel(name, subscriptions) : -1;
    if (this.#levels.size >= KEPT) this.#levels.clear();
    this.#levels.set(name, level);
    return level;
  }

  #mayReceive(name: string): boolean {
    const { fingerprint, kind } = this.principal;
    if (isReserved(name)) return kind === "device" && name === commandTopic(fingerprint);
    const found = this.#rights.resolve(name);
    return found !== undefined && this.#rights.maySubscribe(this.principal, found.topic, found.path);
  }
}

function grantedLevel(name: string, subscriptions: Subscriptions): number {
  let level = -1;
  for (const [filter, subscription] of Object.entries(subscriptions))
    if (subscription !== undefined && subscription.qos > level && matchesFilter(filter, name)) level = subscription.qos;
  // What waited from a subscription that is gone since goes out as it was queued [MQTT-3.10.4-3].
  return level < 0 ? 2 : level;
}

/** Names below `hansa/` are the node's, names that begin with `$` the broker's. */
function isReserved(name: string): boolean {
  return name.startsWith("$") || name.startsWith("hansa/") || name === "hansa";
}

function forbidden(what: string, name: string) {
  return eventError("events.forbidden", `no right to ${what} here`, { name });
}
