import { connect, type MqttClient, Store } from "mqtt";
import type { Clock } from "#base";
import { bridgeError } from "../errors.ts";

/** How a connection stands: `refused` is the broker's no to the credentials or to a subscription. */
export type ConnectionStatus = "connecting" | "ready" | "offline" | "refused" | "closed";

export interface MqttConnectionOptions {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  readonly clientId: string;
  /** False: the broker keeps subscriptions and queued messages while the client is away. */
  readonly clean: boolean;
  /** Asked before every attempt, so that a short-lived token is always fresh. */
  readonly credentials?: () => { readonly username: string; readonly password: string };
  readonly clock: Clock;
  /** Filters to subscribe, QoS 1, at every connection; `subscribe` adds to them. */
  readonly filters: readonly string[];
  readonly onMessage: (topic: string, payload: Uint8Array, retained: boolean) => void;
  /** `reason` never holds credentials. */
  readonly onStatus?: (status: ConnectionStatus, reason?: string) => void;
  /** Wait after a lost connection, milliseconds: doubles from `first` to `most`; default 500 and 30,000. */
  readonly backOff?: { readonly first: number; readonly most: number };
  /** Spreads the waits of many clients: 0 up to 1; default `Math.random`. */
  readonly random?: () => number;
  /** CA certificates in PEM for `mqtts:`; default the system's. */
  readonly ca?: string;
  /** What the broker publishes, retained, when the connection breaks. */
  readonly will?: { readonly topic: string; readonly payload: string };
}

/** Publications that may wait for their acknowledgement. */
const MOST_PENDING = 1024;

/**
 * One MQTT 3.1.1 client that comes back: fresh credentials at every attempt, exponential back-off by the clock, and
 * unacknowledged publications sent again. Reconnection is done here because the client's own knows neither.
 */
export class MqttConnection {
  readonly #options: MqttConnectionOptions;
  readonly #client: MqttClient;
  readonly #filters: Set<string>;
  readonly #pending = new Set<(error: Error) => void>();
  // Handed in at every reconnection: `reconnect()` alone would begin with empty stores and lose what is unacknowledged.
  readonly #stores = { incomingStore: new Store({ clean: false }), outgoingStore: new Store({ clean: false }) };
  #status: ConnectionStatus = "connecting";
  #failures = 0;
  #cancelRetry = () => {};
  #settleFirst: { resolve: () => void; reject: (error: Error) => void } | undefined;
  /** Resolves at the first complete connection (subscriptions included); rejects where it is closed before. */
  readonly ready: Promise<void>;

  constructor(options: MqttConnectionOptions) {
    this.#options = options;
    this.#filters = new Set(options.filters);
    this.ready = new Promise((resolve, reject) => {
      this.#settleFirst = { resolve, reject };
    });
    // Whoever does not wait for it is not disturbed by it.
    this.ready.catch(() => {});
    this.#client = connect(options.url, {
      clientId: options.clientId,
      clean: options.clean,
      protocolVersion: 4,
      reconnectPeriod: 0,
      resubscribe: false,
      keepalive: 30,
      manualConnect: true,
      ...this.#stores,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      ...(options.will === undefined
        ? {}
        : { will: { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1, retain: true } }),
    });
    this.#client.on("connect", () => void this.#subscribeAll());
    this.#client.on("message", (topic, payload, packet) => options.onMessage(topic, payload, packet.retain));
    this.#client.on("error", (error) => this.#onError(error));
    this.#client.on("close", () => this.#onClose());
    this.#attempt(() => this.#client.connect());
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /**
   * Publishes, and resolves when the broker has acknowledged (QoS 1), after a reconnection if need be.
   *
   * @throws HansaError `bridge.busy` with 1,024 publications pending, `bridge.closed`, `bridge.unavailable`
   */
  publish(topic: string, payload: Uint8Array | string, options: { retain?: boolean } = {}): Promise<void> {
    if (this.#status === "closed") return Promise.reject(bridgeError("bridge.closed", "the connection is closed"));
    if (this.#pending.size >= MOST_PENDING)
      return Promise.reject(bridgeError("bridge.busy", `${MOST_PENDING} publications wait for the broker`));
    return new Promise((resolve, reject) => {
      const settle = (error?: Error | null) => {
        this.#pending.delete(settle);
        if (error == null) resolve();
        else if (this.#status === "closed") reject(bridgeError("bridge.closed", "the connection was closed"));
        else reject(bridgeError("bridge.unavailable", "the broker did not take the publication", {}, error));
      };
      this.#pending.add(settle);
      const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
      this.#client.publish(topic, bytes, { qos: 1, retain: options.retain ?? false }, (error) => settle(error));
    });
  }

  /**
   * Adds filters, now and for every later connection. Resolves when the broker has granted them, or at once while offline.
   *
   * @throws HansaError `bridge.unavailable` where the broker refuses
   */
  async subscribe(filters: readonly string[]): Promise<void> {
    const added = filters.filter((filter) => !this.#filters.has(filter));
    for (const filter of added) this.#filters.add(filter);
    if (this.#status !== "ready" || added.length === 0) return;
    try {
      await this.#grant(added);
    } catch (error) {
      // One that is refused must not take the whole connection down at its next start.
      for (const filter of added) this.#filters.delete(filter);
      throw error;
    }
  }

  /** Takes filters away again. */
  unsubscribe(filters: readonly string[]): void {
    const gone = filters.filter((filter) => this.#filters.delete(filter));
    if (this.#status === "ready" && gone.length > 0) this.#client.unsubscribe([...gone]);
  }

  /** Says goodbye to the broker and ends; publications that still wait are rejected with `bridge.closed`. */
  async close(): Promise<void> {
    if (this.#status === "closed") return;
    const wasReady = this.#client.connected;
    this.#setStatus("closed");
    this.#cancelRetry();
    const error = bridgeError("bridge.closed", "the connection was closed");
    this.#settleFirst?.reject(error);
    for (const settle of [...this.#pending]) settle(error);
    await this.#client.endAsync(!wasReady);
  }

  #attempt(connectNow: () => void): void {
    try {
      const credentials = this.#options.credentials?.();
      if (credentials !== undefined) {
        this.#client.options.username = credentials.username;
        this.#client.options.password = credentials.password;
      }
    } catch {
      // Whatever signs may be away for a while (a key store that is locked): as good as no connection.
      this.#onClose("no credentials");
      return;
    }
    this.#setStatus("connecting");
    connectNow();
  }

  async #subscribeAll(): Promise<void> {
    try {
      await this.#grant([...this.#filters]);
    } catch {
      this.#setStatus("refused", "a subscription was refused");
      this.#client.stream.destroy();
      return;
    }
    if (this.#status === "closed" || !this.#client.connected) return;
    this.#failures = 0;
    this.#setStatus("ready");
    this.#settleFirst?.resolve();
    this.#settleFirst = undefined;
  }

  async #grant(filters: readonly string[]): Promise<void> {
    if (filters.length === 0) return;
    const refused = () => bridgeError("bridge.unavailable", "the broker refused a subscription");
    const granted = await this.#client.subscribeAsync([...filters], { qos: 1 }).catch(() => {
      throw refused();
    });
    if (granted.some(({ qos }) => (qos as number) >= 128)) throw refused();
  }

  #onError(error: Error & { code?: unknown }): void {
    // Return codes 4 and 5 of CONNACK (MQTT 3.1.1 §3.2.2.3): the credentials, not the line.
    if (error.code === 4 || error.code === 5) this.#setStatus("refused", `code ${error.code}`);
  }

  #onClose(reason?: string): void {
    if (this.#status === "closed") return;
    if (this.#status !== "refused") this.#setStatus("offline", reason);
    const { first, most } = this.#options.backOff ?? { first: 500, most: 30_000 };
    const wait = Math.min(most, first * 2 ** Math.min(this.#failures++, 20));
    this.#cancelRetry();
    this.#cancelRetry = this.#options.clock.after(wait * (0.8 + 0.4 * (this.#options.random ?? Math.random)()), () =>
      this.#attempt(() => this.#client.reconnect(this.#stores)),
    );
  }

  #setStatus(status: ConnectionStatus, reason?: string): void {
    if (this.#status === "closed" || (this.#status === status && reason === undefined)) return;
    this.#status = status;
    this.#options.onStatus?.(status, reason);
  }
}
