import { createHash } from "node:crypto";
import { type Clock, decodeUtf8, HansaError, type Json } from "#base";
import { reasonOf } from "../device-messages.ts";
import { bridgeError } from "../errors.ts";
import type { ActResult } from "../mqtt-actor.ts";
import { checkValue } from "../wot/data-schema.ts";
import type { ThingDescription } from "../wot/thing-description.ts";
import { ANNOUNCE_BASE, ANNOUNCE_NODE, announcementsOf, doTopic, readOrder, setTopic, stateTopic } from "./announce.ts";
import { type ConnectionStatus, MqttConnection } from "./connection.ts";
import { DiscoveredDevice } from "./discovered-device.ts";
import { deviceOf, MAX_DISCOVERY_BYTES, parseDiscovery } from "./discovery.ts";
import type { Entity } from "./entity.ts";
import { textOf } from "./template.ts";

/** What a device is told to do: one of its properties set, or an action. */
export type DeviceAction =
  | { readonly set: string; readonly value: Json }
  | { readonly action: string; readonly input?: Json };

export interface DiscoveryBridgeOptions {
  /** `mqtt://host:port` of the platform's own broker. */
  readonly url: string;
  readonly credentials?: () => { readonly username: string; readonly password: string };
  readonly clientId: string;
  readonly clock: Clock;
  /** Discovery prefix; default `homeassistant`. */
  readonly prefix?: string;
  /** A value that a device told. `retained`: the broker had it from before. */
  readonly onProperty: (deviceKey: string, name: string, value: Json, retained: boolean) => void;
  /** A device came, changed what it can do, or (`undefined`) went. */
  readonly onThing?: (deviceKey: string, thing: ThingDescription | undefined) => void;
  /** What of a discovery message the bridge cannot use, and why. */
  readonly onUnsupported?: (topic: string, problem: string) => void;
  /** An order from Home Assistant for an announced Thing. */
  readonly onCommand?: (thingId: string, action: DeviceAction) => void;
  readonly onStatus?: (status: ConnectionStatus, reason?: string) => void;
  /** Most devices and entities; default 1,024 and 8,192. */
  readonly limits?: { readonly devices: number; readonly entities: number };
  readonly backOff?: { readonly first: number; readonly most: number };
  readonly ca?: string;
}

type Listener = (payload: string, retained: boolean) => void;

/** A topic that entities listen to. */
interface Station {
  /** By the discovery topic that named it. */
  readonly listeners: Map<string, Listener[]>;
  /** The last message: an entity that comes later must not wait for the next one to know how things stand. */
  last: string | undefined;
}

/** Longer messages are not kept for latecomers, bytes. */
const KEPT_BYTES = 16_384;

/**
 * Joins a hub that speaks Home Assistant's MQTT discovery (Zigbee2MQTT, Tasmota, ESPHome, …) over the hub's own broker:
 * its devices become Thing Descriptions, and Hansa's devices can be announced to it.
 *
 * @example
 * ```ts
 * const bridge = new DiscoveryBridge({ url: "mqtt://192.168.1.5", clientId: "hansa", clock, onProperty: (device, name, value) => … });
 * await bridge.ready;
 * await bridge.act("zigbee2mqtt_0x00158d0001dc126a", { set: "switch", value: "ON" });
 * ```
 */
export class DiscoveryBridge {
  readonly #options: DiscoveryBridgeOptions;
  readonly #prefix: string;
  readonly #statusTopic: string;
  readonly #connection: MqttConnection;
  readonly #devices = new Map<string, DiscoveredDevice>();
  /** Device of each discovery topic in use, and the digest of its message: hubs repeat them at every start. */
  readonly #owners = new Map<string, { readonly key: string; readonly digest: string }>();
  readonly #stations = new Map<string, Station>();
  readonly #announced = new Map<string, { readonly thing: ThingDescription; readonly configs: string[] }>();

  constructor(options: DiscoveryBridgeOptions) {
    this.#options = options;
    this.#prefix = options.prefix ?? "homeassistant";
    this.#statusTopic = `${ANNOUNCE_BASE}/bridge/${options.clientId.replace(/[^A-Za-z0-9_-]/g, "_")}/status`;
    const { url, clientId, clock, credentials, backOff, ca } = options;
    this.#connection = new MqttConnection({
      url,
      clientId,
      clean: true,
      clock,
      filters: [`${this.#prefix}/+/+/config`, `${this.#prefix}/+/+/+/config`],
      onMessage: (topic, payload, retained) => this.#onMessage(topic, payload, retained),
      onStatus: (status, reason) => {
        if (status === "ready") this.#connection.publish(this.#statusTopic, "online", { retain: true }).catch(() => {});
        options.onStatus?.(status, reason);
      },
      will: { topic: this.#statusTopic, payload: "offline" },
      ...(credentials === undefined ? {} : { credentials }),
      ...(backOff === undefined ? {} : { backOff }),
      ...(ca === undefined ? {} : { ca }),
    });
  }

  /** Resolves when it is connected and listens for the first time; rejects where it is closed before. */
  get ready(): Promise<void> {
    return this.#connection.ready;
  }

  get status(): ConnectionStatus {
    return this.#connection.status;
  }

  /** Keys of the devices that were discovered. */
  devices(): string[] {
    return [...this.#devices.keys()];
  }

  /** @throws HansaError `bridge.device-unknown` */
  thing(deviceKey: string): ThingDescription {
    return this.#device(deviceKey).thing(this.#options.url);
  }

  /**
   * Tells a device to do something. `done` means that the broker took the order: these protocols have no receipts, what came
   * of it is seen in the device's properties. Never rejects.
   */
  async act(deviceKey: string, action: DeviceAction): Promise<ActResult> {
    try {
      const [topic, payload, retain] = this.#orderFor(deviceKey, action);
      try {
        await this.#connection.publish(topic, payload, { retain });
      } catch (error) {
        return { outcome: "failed", reason: reasonOf(error) };
      }
      return { outcome: "done" };
    } catch (error) {
      const unavailable = error instanceof HansaError && error.code === "bridge.unavailable";
      return { outcome: unavailable ? "failed" : "refused", reason: reasonOf(error) };
    }
  }

  #orderFor(deviceKey: string, action: DeviceAction): [topic: string, payload: string, retain: boolean] {
    const device = this.#device(deviceKey);
    const thing = device.thing(this.#options.url);
    const setting = "set" in action;
    const name = setting ? action.set : action.action;
    const kind = setting ? "properties" : "actions";
    if (!Object.hasOwn(thing[kind], name))
      throw bridgeError(setting ? "bridge.property-unknown" : "bridge.action-unknown", `no such thing as ${name}`);
    const found = device.orderOf(kind, name);
    if (found === undefined) throw bridgeError("bridge.read-only", `${name} can be read only`);
    const value: Json = setting ? action.value : null;
    const problem = setting
      ? checkValue(thing.properties[name] ?? {}, value)
      : action.input === undefined
        ? undefined
        : "takes no input";
    if (problem !== undefined) throw bridgeError("bridge.value", `${name}: ${problem}`, { problem });
    if (!device.isAvailable(found.entity)) throw bridgeError("bridge.unavailable", "its hub says it is not available");
    const payload = found.order.encode(value);
    if (payload === undefined) throw bridgeError("bridge.value", `${name}: the device has no payload for it`);
    return [found.order.topic, payload, found.order.retain];
  }

  /**
   * Makes Home Assistant see a Thing: publishes its discovery messages, retained, and listens for orders.
   *
   * @throws HansaError `bridge.closed`, `bridge.busy`, `bridge.unavailable`
   */
  async announce(thing: ThingDescription): Promise<void> {
    const list = announcementsOf(thing, this.#prefix, this.#statusTopic);
    const topics = new Set(list.map(({ topic }) => topic));
    const stale = this.#announced.get(thing.id)?.configs.filter((topic) => !topics.has(topic)) ?? [];
    this.#announced.set(thing.id, { thing, configs: [...topics] });
    await this.#connection.subscribe([setTopic(thing.id, "+"), doTopic(thing.id, "+")]);
    for (const topic of stale) await this.#connection.publish(topic, "", { retain: true });
    // One after the other: a large device has more messages than may wait for the broker at once.
    for (const { topic, config } of list)
      await this.#connection.publish(topic, JSON.stringify(config), { retain: true });
  }

  /** Takes an announced Thing away again. @throws HansaError as `announce` */
  async withdraw(thingId: string): Promise<void> {
    const configs = this.#announced.get(thingId)?.configs ?? [];
    this.#announced.delete(thingId);
    this.#connection.unsubscribe([setTopic(thingId, "+"), doTopic(thingId, "+")]);
    for (const topic of configs) await this.#connection.publish(topic, "", { retain: true });
  }

  /** Tells Home Assistant a property of an announced Thing. @throws HansaError as `announce`, `bridge.device-unknown` */
  async report(thingId: string, property: string, value: Json): Promise<void> {
    if (!this.#announced.has(thingId)) throw bridgeError("bridge.device-unknown", "this Thing was not announced");
    await this.#connection.publish(stateTopic(thingId, property), textOf(value), { retain: true });
  }

  async close(): Promise<void> {
    if (this.#connection.status === "ready")
      await this.#connection.publish(this.#statusTopic, "offline", { retain: true }).catch(() => {});
    await this.#connection.close();
  }

  #device(key: string): DiscoveredDevice {
    const device = this.#devices.get(key);
    if (device === undefined) throw bridgeError("bridge.device-unknown", "no such device was discovered");
    return device;
  }

  #onMessage(topic: string, payload: Uint8Array, retained: boolean): void {
    if (topic.startsWith(`${this.#prefix}/`) && topic.endsWith("/config")) {
      this.#onDiscovery(topic, payload);
      return;
    }
    if (payload.length > MAX_DISCOVERY_BYTES) return;
    const text = decodeUtf8(payload);
    if (text === undefined) return;
    if (topic.startsWith(`${ANNOUNCE_BASE}/`)) this.#onOrder(topic, text, retained);
    const station = this.#stations.get(topic);
    if (station === undefined) return;
    station.last = payload.length > KEPT_BYTES ? undefined : text;
    for (const listeners of station.listeners.values()) for (const listen of listeners) listen(text, retained);
  }

  #onDiscovery(topic: string, payload: Uint8Array): void {
    const before = this.#owners.get(topic);
    try {
      const discovery = parseDiscovery(this.#prefix, topic, payload);
      if (discovery.nodeId?.startsWith(ANNOUNCE_NODE) === true) return;
      if (discovery.config === undefined) {
        this.#forget(topic);
        return;
      }
      const digest = createHash("sha256").update(payload).digest("base64");
      if (before?.digest === digest) return;
      const info = deviceOf(discovery);
      // First what it replaces: an entity may have moved to another device.
      this.#forget(topic, info.key);
      const { devices, entities } = this.#options.limits ?? { devices: 1024, entities: 8192 };
      const known = this.#devices.get(info.key);
      if ((known === undefined && this.#devices.size >= devices) || this.#owners.size >= entities)
        throw bridgeError("bridge.limit", "the bridge holds as many devices or entities as it may");
      const device = known ?? new DiscoveredDevice(info);
      const entity = device.put(topic, discovery);
      device.info = info;
      this.#devices.set(info.key, device);
      this.#owners.set(topic, { key: info.key, digest });
      const thing = device.thing(this.#options.url);
      for (const problem of entity.unsupported) this.#options.onUnsupported?.(topic, problem);
      this.#options.onThing?.(info.key, thing);
      this.#listen(topic, info.key, device, entity);
    } catch (error) {
      if (!(error instanceof HansaError)) throw error;
      // A message that cannot be used takes its entity's earlier form away as well, which is no longer true.
      this.#forget(topic);
      this.#options.onUnsupported?.(topic, `${error.code}: ${error.message}`);
      if (before !== undefined && !this.#devices.has(before.key)) this.#options.onThing?.(before.key, undefined);
    }
  }

  #listen(source: string, key: string, device: DiscoveredDevice, entity: Entity): void {
    const add = (topic: string, listener: Listener) => {
      const station: Station = this.#stations.get(topic) ?? { listeners: new Map(), last: undefined };
      this.#stations.set(topic, station);
      station.listeners.set(source, [...(station.listeners.get(source) ?? []), listener]);
      if (station.last !== undefined) listener(station.last, true);
    };
    for (const { topic, property, decode } of entity.readings) {
      const schema = entity.properties[property] ?? {};
      add(topic, (payload, retained) => {
        const value = decode(payload);
        // Out of its own range, or no value at all: nothing that a linkage should act on.
        if (value === undefined || checkValue(schema, value) !== undefined) return;
        this.#options.onProperty(key, property, value, retained);
      });
    }
    for (const { topic, decode } of entity.availability)
      add(topic, (payload) => {
        const available = decode(payload);
        if (available !== undefined) device.setAvailable(entity, topic, available);
      });
    const topics = [...entity.readings, ...entity.availability].map(({ topic }) => topic);
    this.#connection
      .subscribe([...new Set(topics)])
      .catch((error) => this.#options.onUnsupported?.(source, reasonOf(error)));
  }

  /** Drops what a discovery topic brought; `next` is the device that its new message belongs to. */
  #forget(topic: string, next?: string): void {
    const key = this.#owners.get(topic)?.key;
    const device = key === undefined ? undefined : this.#devices.get(key);
    if (key === undefined || device === undefined) return;
    this.#owners.delete(topic);
    device.remove(topic);
    const silent: string[] = [];
    for (const [each, { listeners }] of this.#stations)
      if (listeners.delete(topic) && listeners.size === 0) {
        this.#stations.delete(each);
        silent.push(each);
      }
    this.#connection.unsubscribe(silent);
    if (device.empty) this.#devices.delete(key);
    if (key !== next) this.#options.onThing?.(key, device.empty ? undefined : device.thing(this.#options.url));
  }

  #onOrder(topic: string, payload: string, retained: boolean): void {
    // A retained order is an old one: somebody set the flag by mistake.
    if (retained) return;
    for (const { thing } of this.#announced.values()) {
      const name = topic.slice(topic.lastIndexOf("/") + 1);
      if (topic === doTopic(thing.id, name) && Object.hasOwn(thing.actions, name)) {
        this.#options.onCommand?.(thing.id, { action: name });
      } else if (topic === setTopic(thing.id, name) && Object.hasOwn(thing.properties, name)) {
        const schema = thing.properties[name];
        if (schema === undefined || schema.readOnly === true) continue;
        const value = readOrder(schema, payload);
        if (value !== undefined && checkValue(schema, value) === undefined)
          this.#options.onCommand?.(thing.id, { set: name, value });
      }
    }
  }
}
