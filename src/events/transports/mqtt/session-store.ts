/**
 * What MQTT sessions are made of, in memory for speed and in a `KeyValueStore` so that it survives SIGKILL: subscriptions, messages that
 * wait for a client, identifiers of QoS 2 messages, retained messages, wills. It is an aedes persistence. Clean sessions touch no disk.
 *
 * Keys: `s/<client>` subscriptions, `o/<client>/<seq>` outgoing, `i/<client>/<id>` incoming. Retained messages and wills have files of their own.
 */
import { Readable } from "node:stream";
import type { KeyValueStore } from "#storage";
import { eventError } from "../../errors.ts";
import { FilterTree } from "../../topic-filter.ts";
import { KeptWills, type OrphanWill, type Will } from "./kept-wills.ts";
import { highest, type Match } from "./match.ts";
import type { MqttLimits } from "./mqtt-limits.ts";
import { decodePacket, encodePacket, type KeptPacket, plainPacket } from "./packet-record.ts";
import { RetainedMessages } from "./retained-messages.ts";
import { clientKey, type KeptSubscription, type Outgoing, Session } from "./session.ts";
import { type Outcome, Refused, SETTLED, Settled } from "./settled.ts";
import { NOTHING_STAGED, Staged, stagedOf } from "./staged.ts";

/** A connected client, or just its id. */
export interface SessionClient {
  readonly id: string;
  readonly clean?: boolean;
  readonly closed?: boolean;
  readonly conn?: unknown;
}

export type SessionLimits = Pick<MqttLimits, "sessions" | "queuedMessages" | "queuedBytes" | "retained">;

export interface SessionStoreOptions {
  readonly store: KeyValueStore;
  /** Runs changes of `store` in the next transaction; resolves once they are durable. */
  readonly durably: (run: () => void) => Promise<void>;
  readonly limits: SessionLimits;
  /** Whether a subscription was granted and not taken yet: aedes hands over a packet's whole list, refused ones too, for each that it has. */
  readonly takeGrant?: (subscription: object) => boolean;
  /** What is kept with a client's will, to check its rights after a restart. */
  readonly ownerOf?: (client: SessionClient) => unknown;
  readonly isConnected?: (id: string) => boolean;
  readonly onError?: (error: unknown) => void;
}

const STORED = "stored";
const sequence = (seq: number) => seq.toString(36).padStart(11, "0");

export class SessionStore {
  readonly #options: SessionStoreOptions;
  readonly #store: KeyValueStore;
  readonly #sessions = new Map<string, Session>();
  readonly #tree = new FilterTree<Match>();
  readonly #retained: RetainedMessages;
  readonly #wills: KeptWills;
  // Of clean sessions, which end with their connection.
  readonly #incoming = new Map<string, Map<number, KeptPacket>>();
  #queuedBytes = 0;
  #dropped = 0;
  broker: { id: string } | undefined;

  constructor(options: SessionStoreOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#wills = new KeptWills(options.store);
    this.#retained = new RetainedMessages(options.store, options.limits.retained);
    this.#load();
  }

  #load(): void {
    for (const { value } of this.#store.list("s/")) {
      const { id, subscriptions } = JSON.parse(Buffer.from(value).toString()) as {
        id: string;
        subscriptions: KeptSubscription[];
      };
      const session = this.#session(id);
      session.saved = true;
      for (const subscription of subscriptions) this.#subscribe(session, subscription);
    }
    for (const { key, value } of this.#store.list("o/")) {
      const { packet, about } = decodePacket(value);
      const seq = Number.parseInt(key.slice(key.lastIndexOf("/") + 1), 36);
      // Numbers of an earlier run mean nothing now; these are of a broker that never publishes.
      if (packet.cmd === "publish") Object.assign(packet, { brokerId: STORED, brokerCounter: seq });
      this.#queuedBytes += this.#session(String(about["client"])).add(seq, packet).bytes;
    }
    for (const { value } of this.#store.list("i/")) {
      const { packet, about } = decodePacket(value);
      this.#session(String(about["client"])).incoming.set(packet.messageId as number, packet);
    }
  }

  /** Called by aedes, which insists on an async function. */
  async setup(broker: { id: string }): Promise<void> {
    this.broker = broker;
  }

  async destroy(): Promise<void> {}

  #session(id: string): Session {
    let session = this.#sessions.get(id);
    if (session === undefined) {
      session = new Session(id);
      this.#sessions.set(id, session);
    }
    return session;
  }

  #durably(run: () => void): Promise<void> {
    return this.#options.durably(run);
  }

  /** For changes whose loss costs a repetition at most. */
  #eventually(run: () => void): void {
    this.#options.durably(run).catch((error: unknown) => this.#options.onError?.(error));
  }

  // — what a publisher's packet changes, in the transaction of its event —

  /**
   * What must become durable with a packet; `NOTHING_STAGED` where no persistent session waits for it.
   *
   * @throws HansaError `events.too-many` where its publisher needs a session and every one is in use
   */
  stage(packet: KeptPacket, publisher?: SessionClient): Staged {
    const matches = (packet.qos ?? 0) > 0 ? highest(this.#tree.match(packet.topic as string)) : [];
    // A will has no identifier, and nobody releases it.
    const released = packet.qos === 2 && packet.messageId !== undefined && publisher?.clean === false;
    // The session that remembers the identifier: what is written below must not be of one that there is no room for.
    if (released) this.#admit(publisher.id);
    if (!packet.retain && !released && matches.length === 0) return NOTHING_STAGED;
    return new Staged((staged) => {
      if (packet.retain) this.#retained.write(packet);
      if (released) {
        const key = `i/${clientKey(publisher.id)}/${packet.messageId}`;
        const identifier: KeptPacket = { cmd: "publish", messageId: packet.messageId };
        this.#store.put(key, encodePacket(identifier, { client: publisher.id }));
      }
      for (const match of matches) {
        // A session that ended since is owed nothing, and must not come back with one message that nobody fetches.
        if (!this.#sessions.has(match.clientId)) continue;
        const seq = this.#writeOutgoing(match, packet);
        if (seq !== undefined) staged.queued.set(match.clientId, seq);
      }
    });
  }

  #writeOutgoing(match: { clientId: string; qos?: number }, packet: KeptPacket): number | undefined {
    const session = this.#session(match.clientId);
    const { queuedMessages, queuedBytes } = this.#options.limits;
    if (session.queued >= queuedMessages || this.#queuedBytes >= queuedBytes) {
      this.#dropped++;
      return undefined;
    }
    const seq = session.nextSeq++;
    // A message goes out with the lower of both levels [MQTT-3.8.4-6].
    const kept = { ...packet, qos: Math.min(packet.qos ?? 0, match.qos ?? 2), retain: false, messageId: undefined };
    this.#store.put(`o/${session.key}/${sequence(seq)}`, encodePacket(kept, { client: session.id }));
    return seq;
  }

  // — retained —

  storeRetained(packet: KeptPacket): Outcome<unknown> {
    if (stagedOf(packet) !== undefined) return SETTLED;
    this.retain(packet);
    return this.#durably(() => this.#retained.write(packet));
  }

  /** Takes over a retained message that is durable: before its publisher is answered, so that whoever subscribes then gets it. */
  retain(packet: KeptPacket): void {
    this.#retained.set(packet);
  }

  /** Whether one more retained message may come. */
  hasRoomFor(topic: string): boolean {
    return this.#retained.hasRoomFor(topic);
  }

  createRetainedStream(pattern: string): Readable {
    return this.createRetainedStreamCombi([pattern]);
  }

  createRetainedStreamCombi(patterns: readonly string[]): Readable {
    return this.#retained.under(patterns);
  }

  // — subscriptions —

  #subscribe(session: Session, subscription: KeptSubscription): void {
    const { topic, qos, rh, rap, nl } = subscription;
    session.subscriptions.set(topic, subscription);
    if (qos > 0) this.#tree.set(topic, session.id, { clientId: session.id, topic, qos, rh, rap, nl });
    else this.#tree.delete(topic, session.id);
  }

  addSubscriptions(client: SessionClient, subscriptions: readonly KeptSubscription[]): Outcome<unknown> {
    const session = this.#admitted(client.id);
    if (session instanceof Promise) return session;
    for (const subscription of subscriptions) {
      if (this.#options.takeGrant?.(subscription) === false) continue;
      const { topic, qos, rh, rap, nl, subscriptionIdentifier } = subscription;
      const kept: KeptSubscription = { topic, qos, rh, rap, nl };
      if (subscriptionIdentifier !== undefined) kept.subscriptionIdentifier = subscriptionIdentifier;
      this.#subscribe(session, kept);
    }
    return this.#save(session);
  }

  /**
   * The session of a client that may have none yet.
   *
   * @throws HansaError `events.too-many`
   */
  #admit(id: string): Session {
    if (!this.#sessions.has(id)) this.#makeRoom();
    return this.#session(id);
  }

  /** The same for aedes, which listens to answers only: what is thrown at it ends the node. */
  #admitted(id: string): Session | Promise<never> {
    try {
      return this.#admit(id);
    } catch (error) {
      this.#options.onError?.(error);
      return Promise.reject(error);
    }
  }

  #makeRoom(): void {
    if (this.#sessions.size < this.#options.limits.sessions) return;
    for (const session of this.#sessions.values()) {
      if (this.#options.isConnected?.(session.id) === true) continue;
      this.#eventually(this.#forget(session));
      return;
    }
    throw eventError("events.too-many", "all sessions are in use", { limit: this.#options.limits.sessions });
  }

  removeSubscriptions(client: SessionClient, topics: readonly string[]): Outcome<unknown> {
    const session = this.#sessions.get(client.id);
    if (session === undefined) return SETTLED;
    for (const topic of topics) {
      session.subscriptions.delete(topic);
      this.#tree.delete(topic, session.id);
    }
    return this.#save(session);
  }

  /** Several changes before the transaction are one write. */
  #save(session: Session): Promise<void> {
    if (session.saving !== undefined) return session.saving;
    const saving = this.#durably(() => {
      session.saving = undefined;
      const key = `s/${session.key}`;
      session.saved = session.subscriptions.size > 0;
      const subscriptions = [...session.subscriptions.values()];
      if (session.saved) this.#store.put(key, Buffer.from(JSON.stringify({ id: session.id, subscriptions })));
      else this.#store.delete(key);
    });
    session.saving = saving;
    // A transaction that failed may not have come to it: the next change must try again.
    saving.catch(() => {
      if (session.saving === saving) session.saving = undefined;
    });
    return saving;
  }

  subscriptionsByClient(client: SessionClient): Outcome<KeptSubscription[]> {
    const session = this.#sessions.get(client.id);
    if (session === undefined) return new Settled([]);
    // Youngest last: the session that makes room is the one that nobody came back for.
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
    return new Settled([...session.subscriptions.values()].map(({ ...subscription }) => subscription));
  }

  subscriptionsByTopic(topic: string): Outcome<Match[]> {
    return new Settled(this.#tree.match(topic));
  }

  countOffline(): Outcome<{ subsCount: number; clientsCount: number }> {
    let clientsCount = 0;
    for (const session of this.#sessions.values()) if (session.subscriptions.size > 0) clientsCount++;
    return new Settled({ subsCount: this.#tree.size, clientsCount });
  }

  getClientList(topic: string): Readable {
    const holders = [...this.#sessions.values()].filter((session) => session.subscriptions.has(topic));
    return Readable.from(holders.map((session) => session.id));
  }

  /** A clean session begins: nothing of the one before is left [MQTT-3.1.2-6]. */
  cleanSubscriptions(client: SessionClient): Outcome<unknown> {
    const session = this.#sessions.get(client.id);
    return session === undefined ? SETTLED : this.#durably(this.#forget(session));
  }

  /** Forgets a session in memory; answers what to do in the store. */
  #forget(session: Session): () => void {
    this.#sessions.delete(session.id);
    for (const topic of session.subscriptions.keys()) this.#tree.delete(topic, session.id);
    for (const entry of session.outgoing()) this.#queuedBytes -= entry.bytes;
    return () => {
      if (session.saved) this.#store.delete(`s/${session.key}`);
      for (const prefix of [`o/${session.key}/`, `i/${session.key}/`])
        for (const { key } of this.#store.list(prefix)) this.#store.delete(key);
    };
  }

  // — outgoing —

  outgoingEnqueue(subscription: { clientId: string; qos?: number }, packet: KeptPacket): Outcome<unknown> {
    return this.outgoingEnqueueCombi([subscription], packet);
  }

  outgoingEnqueueCombi(
    subscriptions: readonly { clientId: string; qos?: number }[],
    packet: KeptPacket,
  ): Outcome<unknown> {
    const staged = stagedOf(packet);
    for (const [id, seq] of staged?.queued ?? []) {
      const session = this.#sessions.get(id);
      if (session !== undefined) this.#enqueue(session, seq, packet);
    }
    const late = subscriptions.filter(({ clientId }) => staged?.queued.has(clientId) !== true);
    if (late.length === 0 || staged !== undefined) return SETTLED;
    return this.#durably(() => {
      for (const subscription of late) {
        const seq = this.#writeOutgoing(subscription, packet);
        if (seq !== undefined) this.#enqueue(this.#session(subscription.clientId), seq, packet);
      }
    });
  }

  #enqueue(session: Session, seq: number, packet: KeptPacket): void {
    this.#queuedBytes += session.add(seq, plainPacket(packet, undefined)).bytes;
  }

  /** aedes gives a message its packet identifier, or its PUBREL. */
  outgoingUpdate(client: SessionClient, packet: KeptPacket): Outcome<unknown> {
    const session = this.#sessions.get(client.id);
    const entry = session?.find(packet);
    if (session === undefined || entry === undefined) {
      // The queue was full: it goes out all the same, once, and nothing is kept of it.
      return client.conn === undefined ? Promise.reject(new Error("no such packet")) : SETTLED;
    }
    if (packet.cmd === "pubrel") entry.packet = { cmd: "pubrel", messageId: packet.messageId };
    else session.assign(entry, packet.messageId);
    if (client.conn !== undefined) entry.sentOn = client;
    // A receiver of QoS 2 recognises a repetition by its identifier, so that must be the same after a crash.
    if (packet.cmd !== "pubrel" && entry.packet.qos !== 2) return SETTLED;
    const key = `o/${session.key}/${sequence(entry.seq)}`;
    return this.#durably(() => {
      if (session.find(entry.packet) === entry)
        this.#store.put(key, encodePacket(entry.packet, { client: session.id }));
    });
  }

  /** The client acknowledged: the message is done. */
  outgoingClearMessageId(client: SessionClient, packet: KeptPacket): Outcome<KeptPacket | undefined> {
    const session = this.#sessions.get(client.id);
    // Without an identifier it was not sent: aedes asks this for duplicates too, whose first copy is still under way.
    const entry = packet.messageId === undefined ? undefined : session?.byMessageId(packet.messageId);
    if (session === undefined || entry === undefined) return new Settled(undefined);
    session.remove(entry);
    this.#queuedBytes -= entry.bytes;
    this.#eventually(() => this.#store.delete(`o/${session.key}/${sequence(entry.seq)}`));
    return new Settled(entry.packet);
  }

  /** What waits for a client that came back. What was sent on this very connection is not repeated. */
  outgoingStream(client: SessionClient): Readable {
    const entries = this.#sessions.get(client.id)?.outgoing() ?? [];
    const due = client.conn === undefined ? entries : entries.filter(({ sentOn }) => sentOn !== client);
    return Readable.from(due.map((entry) => (client.conn === undefined ? entry.packet : repeated(entry))));
  }

  // — incoming QoS 2 —

  #incomingOf(client: SessionClient): Map<number, KeptPacket> | undefined {
    return client.clean === true ? this.#incoming.get(client.id) : this.#sessions.get(client.id)?.incoming;
  }

  /** Whether a QoS 2 message with this identifier came already and is not released. */
  hasIncoming(client: SessionClient, messageId: number | undefined): boolean {
    return messageId !== undefined && this.#incomingOf(client)?.has(messageId) === true;
  }

  incomingStorePacket(client: SessionClient, packet: KeptPacket): Outcome<unknown> {
    // Its content is in the log; what counts here is that it came.
    const kept: KeptPacket =
      client.conn === undefined
        ? plainPacket(packet, packet.messageId)
        : { cmd: "publish", messageId: packet.messageId };
    const messageId = packet.messageId as number;
    if (client.clean === true) {
      // Its session ended with the connection, while the message was on its way into the log.
      if (client.closed === true) return SETTLED;
      const incoming = this.#incoming.get(client.id) ?? new Map<number, KeptPacket>();
      this.#incoming.set(client.id, incoming.set(messageId, kept));
      return SETTLED;
    }
    const staged = stagedOf(packet);
    const written = staged !== undefined && staged !== NOTHING_STAGED;
    // What is in the log with its identifier came, even where its session made room since.
    const session = written ? this.#session(client.id) : this.#admitted(client.id);
    if (session instanceof Promise) return session;
    session.incoming.set(messageId, kept);
    if (staged !== undefined) return SETTLED;
    const record = encodePacket({ cmd: "publish", messageId }, { client: client.id });
    return this.#durably(() => this.#store.put(`i/${session.key}/${messageId}`, record));
  }

  incomingGetPacket(client: SessionClient, packet: KeptPacket): Outcome<KeptPacket> {
    const found = this.#incomingOf(client)?.get(packet.messageId as number);
    return found === undefined ? new Refused("no such packet") : new Settled(found);
  }

  incomingDelPacket(client: SessionClient, packet: KeptPacket): Outcome<unknown> {
    const messageId = packet.messageId as number;
    if (this.#incomingOf(client)?.delete(messageId) !== true) return Promise.reject(new Error("no such packet"));
    if (client.clean === true) return SETTLED;
    this.#dropEmpty(client.id);
    // Before the PUBCOMP: the client may use the identifier for another message then.
    return this.#durably(() => this.#store.delete(`i/${clientKey(client.id)}/${messageId}`));
  }

  /** A session that only remembered identifiers takes no room once they are released. One that had a queue keeps its numbers. */
  #dropEmpty(id: string): void {
    const session = this.#sessions.get(id);
    if (session?.isEmpty === true && session.nextSeq === 1 && session.saving === undefined && !session.saved)
      this.#sessions.delete(id);
  }

  cleanIncoming(client: SessionClient): Outcome<unknown> {
    this.#incoming.delete(client.id);
    const session = this.#sessions.get(client.id);
    if (session === undefined || session.incoming.size === 0) return SETTLED;
    const identifiers = [...session.incoming.keys()];
    session.incoming.clear();
    return this.#durably(() => {
      for (const messageId of identifiers) this.#store.delete(`i/${session.key}/${messageId}`);
    });
  }

  // — wills —

  putWill(client: SessionClient, packet: Will): Outcome<unknown> {
    packet.brokerId = this.broker?.id ?? "";
    packet.clientId = client.id;
    return this.#durably(this.#wills.set(client.id, packet, this.#options.ownerOf?.(client)));
  }

  getWill(client: SessionClient): Outcome<KeptPacket | undefined> {
    return new Settled(this.#wills.get(client.id));
  }

  delWill(client: SessionClient): Outcome<KeptPacket | undefined> {
    const will = this.#wills.get(client.id);
    const remove = this.#wills.delete(client.id);
    if (remove !== undefined) this.#eventually(remove);
    return new Settled(will);
  }

  streamWill(brokers: Readonly<Record<string, unknown>> = {}): Readable {
    return Readable.from(this.#wills.all().filter((will) => brokers[will.brokerId ?? ""] === undefined));
  }

  /** Wills of connections that were open when the last run ended; each is handed out once. */
  takeOrphanWills(): OrphanWill[] {
    return this.#wills.takeOrphans();
  }

  /** Removes an orphan will, in the running transaction. */
  dropOrphanWill(will: OrphanWill): void {
    this.#wills.drop(will);
  }

  /** Counts for metrics. */
  stats(): { sessions: number; subscriptions: number; queuedBytes: number; dropped: number; retained: number } {
    return {
      sessions: this.#sessions.size,
      subscriptions: this.#tree.size,
      queuedBytes: this.#queuedBytes,
      dropped: this.#dropped,
      retained: this.#retained.size,
    };
  }
}

/** A message that may have been sent before says so [MQTT-3.3.1-1]. */
function repeated({ packet }: Outgoing): KeptPacket {
  return packet.cmd === "publish" && packet.messageId !== undefined ? { ...packet, dup: true } : { ...packet };
}
