/** What devices were told by their brokers, and by whom they were told to act. */
import type { CommandMessage, ResultMessage } from "#bridges";
import { type Client, readEvents } from "#sdk";

/** An event that was acknowledged: durable, the node said. */
export interface AcknowledgedEvent {
  readonly source: string;
  readonly subject: string;
  readonly data: number | boolean;
  readonly topic: string;
  /** Where the answer named its place. */
  readonly offset?: number;
}

type Named = { readonly source: string; readonly subject?: string | undefined; readonly data?: unknown };

const nameOf = ({ source, subject, data }: Named) => `${source} ${subject} ${JSON.stringify(data)}`;

export class Heard {
  readonly #events: AcknowledgedEvent[] = [];
  /** The result of each command; devices answer a repeat with the very same. */
  readonly #results = new Map<string, ResultMessage>();
  readonly #again: string[] = [];
  /** Of each topic: what stands where, as far as it was read, and what stands anywhere. */
  readonly #logs = new Map<string, { readonly places: string[]; readonly names: Set<string> }>();

  event(event: AcknowledgedEvent): void {
    this.#events.push(event);
  }

  /** A command that a device answered. The broker may deliver it again; a second result would be a second deed. */
  command({ id }: CommandMessage, result: ResultMessage): void {
    const before = this.#results.get(id);
    if (before !== undefined && before !== result) this.#again.push(`command ${id} was carried out twice`);
    this.#results.set(id, result);
  }

  /** Whether a device did what the command says. */
  did(id: string): boolean {
    return this.#results.get(id)?.outcome === "done";
  }

  /** Commands that were carried out twice. */
  twice(): string[] {
    return [...this.#again];
  }

  /** Reads what is new in a topic, and answers which acknowledged events are not there. */
  async findLosses(client: Client, topic: string): Promise<string[]> {
    const wrong: string[] = [];
    const log = this.#logs.get(topic) ?? { places: [], names: new Set<string>() };
    this.#logs.set(topic, log);
    const { places, names } = log;
    for (;;) {
      const { items } = await readEvents(client, { topic, from: places.length, limit: 1000 });
      if (items.length === 0) break;
      for (const { offset, event } of items) {
        if (offset !== places.length) wrong.push(`${topic}: after ${places.length - 1} comes ${offset}`);
        places.push(nameOf(event));
        names.add(nameOf(event));
      }
    }
    for (const event of this.#events.filter((each) => each.topic === topic)) {
      const name = nameOf(event);
      if (!names.has(name)) wrong.push(`${topic}: ${name} was acknowledged and is lost`);
      else if (event.offset !== undefined && places[event.offset] !== name)
        wrong.push(`${topic}: ${name} was acknowledged at ${event.offset}, where ${places[event.offset]} stands`);
    }
    return wrong;
  }
}
