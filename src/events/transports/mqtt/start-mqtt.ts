/** MQTT 3.1.1 over TCP or TLS: aedes speaks the protocol; rights, logs and sessions are the node's. See docs/adr/0005-event-log-and-broker.md. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket, type TlsOptions, Server as TlsServer } from "node:tls";
import { Aedes, type AuthenticateError, type Client, type PublishPacket, type Subscription } from "aedes";
import { randomBytes } from "#crypto";
import { EventMaker } from "../../cloud-event.ts";
import { eventError } from "../../errors.ts";
import type { Principal } from "../../rights.ts";
import { Arrivals } from "./arrivals.ts";
import { boundOutgoing, boundPackets, ConnectRate, gatherWrites } from "./connection-guard.ts";
import { ConnectionRights } from "./connection-rights.ts";
import type { OrphanWill } from "./kept-wills.ts";
import { MQTT_LIMITS, type MqttLimits } from "./mqtt-limits.ts";
import type { MqttOptions, MqttStats, MqttTransport, ResultListener } from "./mqtt-transport.ts";
import type { KeptPacket } from "./packet-record.ts";
import { Refusals, returnCodeOf } from "./refusals.ts";
import { type SessionClient, SessionStore } from "./session-store.ts";
import { NOTHING_STAGED } from "./staged.ts";

/** Longest client id, characters, as the client gives it. */
const MAX_CLIENT_ID = 128;

/** The parts of an aedes client that its types leave out. */
interface ClientParts {
  id: string;
  clean: boolean;
  _will?: PublishPacket | null;
  readonly subscriptions: Record<string, { readonly qos: number }>;
}

/** The parts of aedes that its types leave out. */
interface BrokerParts {
  readonly clients: Readonly<Record<string, Client | undefined>>;
  unregisterClient(client: Client): void;
}

interface Connection {
  readonly client: Client;
  readonly socket: Socket | undefined;
  readonly rights: ConnectionRights;
}

/**
 * Starts the MQTT transport.
 *
 * User name is the DID, password a connection token; client ids are a DID's own. A message is acknowledged when its event is durable.
 *
 * @throws HansaError of the store; the system's error where the port cannot be had
 * @example
 * ```ts
 * const mqtt = await startMqtt({ host: "127.0.0.1", port: 1883, rights, logs, sessions, clock: systemClock });
 * ledger.onBlock(() => mqtt.recheck());
 * await mqtt.close();
 * ```
 */
export async function startMqtt(options: MqttOptions): Promise<MqttTransport> {
  const transport = new Mqtt(options);
  await transport.start();
  return transport;
}

class Mqtt implements MqttTransport {
  readonly #options: MqttOptions;
  readonly #limits: MqttLimits;
  readonly #maker: EventMaker;
  readonly #broker: Aedes;
  readonly #store: SessionStore;
  readonly #server: Server;
  readonly #rate: ConnectRate;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Map<Client, Connection>();
  readonly #socketOf = new WeakMap<Client, Socket>();
  // Outlives the connection: a will is published after it closed, by whoever it belonged to.
  readonly #rightsOf = new WeakMap<object, ConnectionRights>();
  readonly #ofDid = new Map<string, number>();
  readonly #givenIds = new WeakMap<Client, { id: string; clean: boolean }>();
  readonly #granted = new WeakSet<object>();
  readonly #listeners = new Set<ResultListener>();
  readonly #arrivals = new Arrivals();
  readonly #refusals: Refusals;
  #received = 0;
  #delivered = 0;
  #closing: Promise<void> | undefined;

  constructor(options: MqttOptions) {
    const { clock, logs, sessions } = options;
    this.#options = options;
    this.#refusals = new Refusals(options.log);
    this.#limits = { ...MQTT_LIMITS, ...options.limits };
    this.#maker = new EventMaker({ clock, payloadBytes: this.#limits.payloadBytes, causeOf: options.causeOf });
    this.#rate = new ConnectRate(this.#limits.connectsPerSecond, clock.now());
    this.#store = new SessionStore({
      store: sessions,
      durably: (run) => logs.durably(run),
      limits: this.#limits,
      takeGrant: (subscription) => this.#granted.delete(subscription),
      ownerOf: (client) => this.#rightsOf.get(client)?.principal,
      isConnected: (id) => (this.#broker as unknown as BrokerParts).clients[id]?.closed === false,
      onError: (error) => this.#refusals.tell("failed", undefined, error),
    });
    this.#broker = new Aedes({
      // Unlike at every start: what an earlier run numbered must not be taken for this one's.
      id: Buffer.from(randomBytes(12)).toString("base64url"),
      persistence: this.#store,
      // No bound on messages under way inside: the bounds are on what comes in and on what waits to go out.
      concurrency: 0,
      connectTimeout: this.#limits.connectTimeout,
      drainTimeout: this.#limits.outgoingTimeout,
      maxInflightInbound: this.#limits.incoming,
      maxTopicLevels: 32,
      preConnect: (client, packet, done) => {
        this.#givenIds.set(client, { id: packet.clientId ?? "", clean: packet.clean ?? true });
        done(null, true);
      },
      authenticate: (client, username, password, done) => this.#authenticate(client, username, password, done),
      authorizePublish: (client, packet, done) => this.#take(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => done(null, this.#grant(client, subscription)),
      authorizeForward: (client, packet) => this.#forward(client, packet),
    });
    this.#server =
      options.tls === undefined
        ? createServer((socket) => this.#accept(socket))
        : createTlsServer(options.tls, (socket) => this.#accept(socket));
    // Handshakes that are under way are no connections yet, and must not be without bound either.
    if (options.tls !== undefined) this.#server.maxConnections = 2 * this.#limits.connections;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    const { host, port } = this.#options;
    await this.#broker.listen();
    this.#broker.on("clientError", (client, error) =>
      this.#refusals.hear(error, this.#rightsOf.get(client)?.principal.did),
    );
    this.#broker.on("connectionError", (client, error) =>
      this.#refusals.hear(error, this.#rightsOf.get(client)?.principal.did),
    );
    // aedes waits until a will is kept, then takes the client in although its connection ended meanwhile, and would never let it go.
    this.#broker.on("client", (client) => {
      if (client.closed) (this.#broker as unknown as BrokerParts).unregisterClient(client);
    });
    this.#broker.on("unsubscribe", (filters, client) => {
      const rights = this.#rightsOf.get(client);
      for (const filter of filters) rights?.filters.delete(filter);
      rights?.forget();
    });
    (this.#broker as NodeJS.EventEmitter).on("error", (error: unknown) =>
      this.#refusals.tell("failed", undefined, error),
    );
    for (const will of this.#store.takeOrphanWills()) await this.#publishOrphan(will);
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  // — connections —

  #accept(socket: Socket): void {
    const { connections } = this.#limits;
    socket.on("error", () => {});
    if (this.#sockets.size >= connections || !this.#rate.admit(this.#options.clock.now())) {
      this.#refusals.count(eventError("events.too-many", "too many connections", { limit: connections }), "refused");
      socket.destroy();
      return;
    }
    try {
      this.#peerOf(socket);
    } catch (error) {
      this.#refusals.count(error, "refused");
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    gatherWrites(socket);
    const client = this.#broker.handle(socket);
    this.#socketOf.set(client, socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#leave(client);
    });
    const close = (error: unknown) => this.#refusals.count(error, "closed", this.#rightsOf.get(client)?.principal.did);
    boundPackets(client, this.#limits, close);
    boundOutgoing(client, this.#limits, close);
  }

  /** DID of the connection's certificate; `undefined` where none is wanted. Throws where it is not accepted, or no longer. */
  #peerOf(socket: Socket | undefined): string | undefined {
    return socket instanceof TLSSocket ? this.#options.peerOf?.(socket)?.did : undefined;
  }

  #authenticate(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): void {
    const socket = this.#socketOf.get(client);
    // Its end may have been heard of already: then nobody would take it out of the count again.
    if (client.closed || socket?.destroyed === true) {
      done(Object.assign(new Error("connection closed"), { returnCode: 3 }) as AuthenticateError, null);
      return;
    }
    let did: string | undefined;
    try {
      const { rights, clock } = this.#options;
      const given = this.#givenIds.get(client) ?? { id: "", clean: true };
      if (given.id.length > MAX_CLIENT_ID || (given.id === "" && !given.clean)) {
        const error = eventError("events.malformed", "the client id is too long, or empty for a session that is kept", {
          problem: "client id",
        });
        this.#refusals.count(error, "refused");
        // [MQTT-3.1.3-8]
        done(Object.assign(new Error(error.message), { returnCode: 2 }) as AuthenticateError, null);
        return;
      }
      if (username === undefined || password === undefined)
        throw eventError("events.unauthenticated", "user name and password are both needed");
      const principal = rights.authenticate(password.toString("utf8"));
      if (username !== principal.did) throw eventError("events.unauthenticated", "the token is not the user name's");
      did = principal.did;
      const certified = this.#peerOf(socket);
      if (certified !== undefined && certified !== did)
        throw eventError("events.forbidden", "certificate and token are of two DIDs", { did });
      const connection = { client, socket, rights: new ConnectionRights(principal, rights, () => clock.now()) };
      if (!connection.rights.isValid()) throw eventError("events.forbidden", "not admitted", { did });
      const mine = this.#ofDid.get(did) ?? 0;
      if (mine >= this.#limits.connectionsOfOne)
        throw eventError("events.too-many", "too many connections of one DID", { limit: mine });
      const parts = client as unknown as ClientParts;
      if (parts._will) this.#checkWill(connection, parts._will);
      // A client id is its DID's own: nobody takes over another's session.
      parts.id = `${did}/${given.id === "" ? parts.id : given.id}`;
      this.#rightsOf.set(client, connection.rights);
      this.#connections.set(client, connection);
      this.#ofDid.set(did, mine + 1);
      this.#refusals.tell("connected", did);
      done(null, true);
    } catch (error) {
      this.#refusals.count(error, "refused", did ?? (username === undefined ? undefined : username.slice(0, 80)));
      done(Object.assign(new Error("refused"), { returnCode: returnCodeOf(error) }) as AuthenticateError, null);
    }
  }

  #checkWill({ rights }: Connection, will: PublishPacket): void {
    if (will.payload.length > this.#limits.payloadBytes)
      throw eventError("events.too-large", "the will is too large", { limit: this.#limits.payloadBytes });
    const destination = rights.destination(will.topic);
    if (destination === "result") throw eventError("events.forbidden", "a result is no will", { name: will.topic });
  }

  #leave(client: Client): void {
    const connection = this.#connections.get(client);
    if (connection === undefined) return;
    const { did } = connection.rights.principal;
    this.#connections.delete(client);
    const left = (this.#ofDid.get(did) ?? 1) - 1;
    if (left > 0) this.#ofDid.set(did, left);
    else this.#ofDid.delete(did);
    this.#refusals.tell("disconnected", did);
  }

  // — messages in —

  #take(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const rights = client === null ? undefined : this.#rightsOf.get(client);
    if (client === null || rights === undefined) {
      done(eventError("events.forbidden", "nobody published this"));
      return;
    }
    let settle: ((error?: Error | null) => void) | undefined = done;
    const fail = (error: unknown) => {
      this.#refusals.count(error, "closed", rights.principal.did);
      settle?.(error instanceof Error ? error : new Error(String(error)));
    };
    try {
      const destination = rights.destination(packet.topic);
      this.#received++;
      const kept = packet as KeptPacket & { properties?: unknown };
      if (destination === "result") {
        packet.retain = false;
        kept.properties = NOTHING_STAGED;
        this.#hearResult(rights.principal, kept.payload as Uint8Array).then(() => done(), fail);
        return;
      }
      const session = client as unknown as SessionClient;
      settle = packet.qos === 2 ? this.#arrival(session, kept, done) : done;
      if (settle === undefined) return;
      if (packet.retain && !this.#store.hasRoomFor(packet.topic))
        throw eventError("events.too-many", "too many retained messages", { limit: this.#limits.retained });
      const draft = this.#maker.make({
        principal: rights.principal,
        path: destination.path,
        payload: kept.payload as Uint8Array,
      });
      const staged = this.#store.stage(kept, session);
      kept.properties = staged;
      this.#options.logs.enqueue(
        destination.topic,
        draft,
        staged === NOTHING_STAGED ? undefined : staged.write,
        (error) => {
          if (error !== undefined) {
            fail(error);
            return;
          }
          if (packet.retain) this.#store.retain(kept);
          settle?.();
        },
      );
    } catch (error) {
      fail(error);
    }
  }

  /**
   * Exactly once: of a QoS 2 message that came already only the acknowledgement is repeated. Answers whom to tell when it is in the log,
   * or `undefined` where it is there or on its way.
   */
  #arrival(
    client: SessionClient,
    packet: KeptPacket,
    done: (error?: Error | null) => void,
  ): ((error?: Error | null) => void) | undefined {
    if (this.#store.hasIncoming(client, packet.messageId)) {
      done();
      return undefined;
    }
    return this.#arrivals.begin(client.id, packet.messageId, done);
  }

  async #hearResult(device: Principal, payload: Uint8Array): Promise<void> {
    if (payload.length > this.#limits.payloadBytes)
      throw eventError("events.too-large", "the result is too large", { limit: this.#limits.payloadBytes });
    for (const listener of this.#listeners) await listener(device, payload);
  }

  /** The will of a connection that the last run's end cut: it is published now, if its owner still may. */
  async #publishOrphan(will: OrphanWill): Promise<void> {
    const { logs, rights, clock } = this.#options;
    const drop = () => this.#store.dropOrphanWill(will);
    try {
      const owner = will.owner as Principal;
      const destination = new ConnectionRights(owner, rights, () => clock.now()).destination(
        will.packet.topic as string,
      );
      if (destination === "result") throw eventError("events.forbidden", "a result is no will");
      const { path, topic } = destination;
      const draft = this.#maker.make({ principal: owner, path, payload: will.packet.payload as Uint8Array });
      const staged = this.#store.stage(will.packet);
      await logs.append(topic, draft, () => {
        staged.write();
        drop();
      });
      if (will.packet.retain) this.#store.retain(will.packet);
      await this.#publish({ ...will.packet, messageId: undefined, properties: staged });
    } catch (error) {
      this.#refusals.count(error, "refused");
      await logs.durably(drop);
    }
  }

  // — messages out —

  #grant(client: Client, subscription: Subscription): Subscription | null {
    const rights = this.#rightsOf.get(client);
    if (rights === undefined) return null;
    const full = !rights.filters.has(subscription.topic) && rights.filters.size >= this.#limits.subscriptions;
    if (full || !rights.maySubscribe(subscription.topic)) {
      const code = full ? "events.too-many" : "events.forbidden";
      this.#refusals.count(eventError(code, "the subscription is refused", { filter: subscription.topic }), "refused");
      return null;
    }
    rights.forget();
    rights.filters.add(subscription.topic);
    this.#granted.add(subscription);
    return subscription;
  }

  #forward<Packet extends { topic: string; qos: number }>(client: Client, packet: Packet): Packet | null {
    const { subscriptions } = client as unknown as ClientParts;
    const level = this.#rightsOf.get(client)?.level(packet.topic, subscriptions) ?? -1;
    if (level < 0) return null;
    this.#delivered++;
    return packet.qos <= level ? packet : { ...packet, qos: level };
  }

  #publish(packet: KeptPacket & { properties?: unknown }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#broker.publish(packet as unknown as PublishPacket, (error) => (error ? reject(error) : resolve()));
    });
  }

  async deliver(
    topic: string,
    payload: Uint8Array,
    options: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean } = {},
  ): Promise<void> {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const packet = {
      cmd: "publish",
      topic,
      payload: bytes,
      qos: options.qos ?? 1,
      retain: options.retain ?? false,
    } as const;
    const staged = this.#store.stage(packet);
    if (staged !== NOTHING_STAGED) await this.#options.logs.durably(staged.write);
    if (packet.retain) this.#store.retain(packet);
    // Not waited for: a subscriber that is slow is the broker's concern, not the sender's.
    this.#publish({ ...packet, properties: staged }).catch((error: unknown) =>
      this.#refusals.tell("failed", undefined, error),
    );
  }

  onResult(listener: ResultListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // — supervision —

  recheck(): void {
    for (const [client, { rights, socket }] of this.#connections) {
      rights.forget();
      try {
        this.#peerOf(socket);
        if (!rights.isValid()) throw eventError("events.forbidden", "no longer admitted");
      } catch (error) {
        this.#refusals.count(error, "closed", rights.principal.did);
        client.close();
        continue;
      }
      const { subscriptions } = client as unknown as ClientParts;
      const lost = Object.keys(subscriptions).filter((filter) => !rights.maySubscribe(filter));
      if (lost.length === 0) continue;
      client.unsubscribe({ unsubscriptions: lost } as never, () => {});
      // Nobody else waits for it, and a refused write must not end the node: rights are asked again when the session comes back.
      if (!client.clean)
        this.#store.removeSubscriptions(client, lost).then(
          () => {},
          (error: unknown) => this.#refusals.tell("failed", undefined, error),
        );
    }
  }

  renewTls(tls: TlsOptions): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(tls);
  }

  disconnect(did: string): number {
    let closed = 0;
    for (const [client, { rights }] of this.#connections) {
      if (rights.principal.did !== did) continue;
      client.close();
      closed++;
    }
    return closed;
  }

  isConnected(did: string): boolean {
    return this.#ofDid.has(did);
  }

  stats(): MqttStats {
    return {
      ...this.#store.stats(),
      connections: this.#connections.size,
      received: this.#received,
      delivered: this.#delivered,
      refused: this.#refusals.counts(),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await new Promise<void>((resolve) => this.#broker.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await stopped;
    // Wills and whatever else was on its way.
    await this.#options.logs.durably(() => {}).catch(() => {});
  }
}
