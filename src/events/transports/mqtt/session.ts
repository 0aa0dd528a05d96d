/** What a persistent MQTT session holds. */
import { encodeBase64Url, encodeUtf8 } from "#base";
import { sha256 } from "#crypto";
import type { KeptPacket } from "./packet-record.ts";

/** A subscription as aedes has it; the last three are of MQTT 5 and only passed through. */
export interface KeptSubscription {
  topic: string;
  qos: number;
  rh?: number | undefined;
  rap?: boolean | undefined;
  nl?: boolean | undefined;
  subscriptionIdentifier?: number | undefined;
}

/** One message on its way to a client, until the client acknowledged it. */
export interface Outgoing {
  readonly seq: number;
  packet: KeptPacket;
  readonly bytes: number;
  /** Key of the message's number, where it has one. */
  readonly numbered: string | undefined;
  /** The connection on which it was sent last. */
  sentOn?: object;
}

/** Name of a client in keys: client ids are long and of any characters. */
export function clientKey(id: string): string {
  return encodeBase64Url(sha256(encodeUtf8(id))).slice(0, 27);
}

const numberOf = (packet: KeptPacket): string | undefined =>
  packet.brokerId === undefined ? undefined : `${packet.brokerId}:${packet.brokerCounter}`;

export class Session {
  readonly id: string;
  readonly key: string;
  readonly subscriptions = new Map<string, KeptSubscription>();
  /** Identifiers of QoS 2 messages that came and are not released. */
  readonly incoming = new Map<number, KeptPacket>();
  /** A save that waits for its transaction. */
  saving: Promise<void> | undefined;
  /** Whether the store has a record of the subscriptions. */
  saved = false;
  nextSeq = 1;
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #byNumber = new Map<string, Outgoing>();
  readonly #byMessageId = new Map<number, Outgoing>();

  constructor(id: string) {
    this.id = id;
    this.key = clientKey(id);
  }

  get isEmpty(): boolean {
    return this.subscriptions.size === 0 && this.incoming.size === 0 && this.#outgoing.size === 0;
  }

  get queued(): number {
    return this.#outgoing.size;
  }

  /** In order of arrival. */
  outgoing(): Outgoing[] {
    return [...this.#outgoing.values()];
  }

  add(seq: number, packet: KeptPacket): Outgoing {
    const numbered = numberOf(packet);
    const entry: Outgoing = { seq, packet, numbered, bytes: (packet.payload?.length ?? 0) + 256 };
    this.#outgoing.set(seq, entry);
    if (numbered !== undefined) this.#byNumber.set(numbered, entry);
    if (packet.messageId !== undefined) this.#byMessageId.set(packet.messageId, entry);
    if (seq >= this.nextSeq) this.nextSeq = seq + 1;
    return entry;
  }

  /** By its number, else by its packet identifier. */
  find(packet: KeptPacket): Outgoing | undefined {
    const numbered = numberOf(packet);
    const found = numbered === undefined ? undefined : this.#byNumber.get(numbered);
    return found ?? (packet.messageId === undefined ? undefined : this.#byMessageId.get(packet.messageId));
  }

  byMessageId(messageId: number): Outgoing | undefined {
    return this.#byMessageId.get(messageId);
  }

  assign(entry: Outgoing, messageId: number | undefined): void {
    const { messageId: before } = entry.packet;
    if (before !== undefined && this.#byMessageId.get(before) === entry) this.#byMessageId.delete(before);
    entry.packet.messageId = messageId;
    if (messageId !== undefined) this.#byMessageId.set(messageId, entry);
  }

  remove(entry: Outgoing): void {
    this.#outgoing.delete(entry.seq);
    if (entry.numbered !== undefined) this.#byNumber.delete(entry.numbered);
    const { messageId } = entry.packet;
    if (messageId !== undefined && this.#byMessageId.get(messageId) === entry) this.#byMessageId.delete(messageId);
  }
}
