import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { KeyValueStore } from "#storage";
import { FilterTree } from "../../topic-filter.ts";
import { decodePacket, encodePacket, type KeptPacket } from "./packet-record.ts";
import { clientKey } from "./session.ts";

/** Retained messages that are held against a subscription's filters before others have their turn. */
const LOOKED_AT_ONCE = 256;

const isEmpty = ({ payload }: KeptPacket) => (payload?.length ?? 0) === 0;

/** The last message of each topic that whoever subscribes later is to get. Keys: `r/<topic>`. */
export class RetainedMessages {
  readonly #store: KeyValueStore;
  readonly #limit: number;
  readonly #messages = new Map<string, KeptPacket>();

  constructor(store: KeyValueStore, limit: number) {
    this.#store = store;
    this.#limit = limit;
    for (const { value } of store.list("r/")) {
      const { packet } = decodePacket(value);
      this.#messages.set(packet.topic as string, packet);
    }
  }

  get size(): number {
    return this.#messages.size;
  }

  /** Whether one more may come. */
  hasRoomFor(topic: string): boolean {
    return this.#messages.size < this.#limit || this.#messages.has(topic);
  }

  /** Writes it, in the running transaction; an empty one takes the topic's away. */
  write(packet: KeptPacket): void {
    const key = `r/${clientKey(packet.topic as string)}`;
    if (isEmpty(packet)) this.#store.delete(key);
    else this.#store.put(key, encodePacket({ ...packet, messageId: undefined }, {}));
  }

  /** Takes over what is durable. */
  set(packet: KeptPacket): void {
    const topic = packet.topic as string;
    if (isEmpty(packet)) this.#messages.delete(topic);
    else this.#messages.set(topic, { ...packet });
  }

  under(patterns: readonly string[]): Readable {
    return Readable.from(this.#matching(patterns));
  }

  /** Each message once, however many patterns match it, and only as fast as it is read: all copies at once could fill the memory. */
  async *#matching(patterns: readonly string[]): AsyncGenerator<KeptPacket> {
    const names = new Set<string>();
    const wild = new FilterTree<string>();
    for (const pattern of patterns)
      if (pattern.includes("+") || pattern.includes("#")) wild.set(pattern, pattern, pattern);
      else names.add(pattern);
    for (const name of names) {
      const packet = this.#messages.get(name);
      if (packet !== undefined) yield { ...packet };
    }
    if (wild.size === 0) return;
    // Messages that are retained while this is read come as they are published: without a count they could keep it from ending.
    let left = this.#messages.size;
    for (const [topic, packet] of this.#messages) {
      if (left-- === 0) return;
      if (!names.has(topic) && wild.match(topic).length > 0) yield { ...packet };
      // Filters full of wildcards that match nothing are no reason for others to wait.
      if (left % LOOKED_AT_ONCE === 0) await nextTurn();
    }
  }
}
