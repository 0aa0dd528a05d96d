import type { Json } from "#base";
import { bridgeError } from "../errors.ts";
import { CONTEXT } from "../wot/mqtt-forms.ts";
import { type Form, MAX_AFFORDANCES, type ThingDescription, validateThing } from "../wot/thing-description.ts";
import { buildEntity, entityKey } from "./components.ts";
import type { DeviceInfo, Discovery } from "./discovery.ts";
import type { Entity, Order } from "./entity.ts";

/** A device that a hub announced, entity by entity. */
export class DiscoveredDevice {
  info: DeviceInfo;
  /** By the topic of their discovery message. */
  readonly #entities = new Map<string, Entity>();
  /** Last word on each availability topic of each entity. */
  readonly #available = new Map<Entity, { readonly by: Map<string, boolean>; latest: boolean | undefined }>();
  #thing: ThingDescription | undefined;

  constructor(info: DeviceInfo) {
    this.info = info;
  }

  get empty(): boolean {
    return this.#entities.size === 0;
  }

  /**
   * Takes an entity in, in place of an earlier one of the same topic.
   *
   * @throws HansaError `bridge.discovery-invalid`, `bridge.limit`
   */
  put(topic: string, discovery: Discovery): Entity {
    this.remove(topic);
    const entity = this.#build(discovery);
    this.#entities.set(topic, entity);
    this.#available.set(entity, { by: new Map(), latest: undefined });
    return entity;
  }

  remove(topic: string): Entity | undefined {
    const entity = this.#entities.get(topic);
    this.#thing = undefined;
    this.#entities.delete(topic);
    if (entity !== undefined) this.#available.delete(entity);
    return entity;
  }

  #build(discovery: Discovery): Entity {
    const taken = new Set([...this.#entities.values()].flatMap(namesOf));
    const key = entityKey(discovery);
    // A motion sensor and its temperature may bear one object id: the second is told apart by its component.
    for (const name of [key, `${key}_${discovery.component}`.slice(0, 42)]) {
      const entity = buildEntity(discovery, name);
      const names = namesOf(entity);
      if (names.length + taken.size > MAX_AFFORDANCES)
        throw bridgeError("bridge.limit", `a device has more than ${MAX_AFFORDANCES} affordances`);
      if (!names.some((each) => taken.has(each))) return entity;
    }
    throw bridgeError("bridge.discovery-invalid", "two entities of the device have one name", {
      problem: "name taken",
    });
  }

  setAvailable(entity: Entity, topic: string, available: boolean): void {
    const known = this.#available.get(entity);
    if (known === undefined) return;
    known.by.set(topic, available);
    known.latest = available;
  }

  /** As Home Assistant has it: what names an availability topic is unavailable until that says otherwise. */
  isAvailable(entity: Entity): boolean {
    const known = this.#available.get(entity);
    if (entity.availability.length === 0) return true;
    const each = entity.availability.map(({ topic }) => known?.by.get(topic) === true);
    if (entity.availabilityMode === "all") return each.every(Boolean);
    if (entity.availabilityMode === "any") return each.some(Boolean);
    return known?.latest === true;
  }

  /** The entity and order behind a writable property or an action. */
  orderOf(kind: "properties" | "actions", name: string): { entity: Entity; order: Order } | undefined {
    for (const entity of this.#entities.values()) {
      const order = Object.hasOwn(entity[kind], name) ? entity.orders.get(name) : undefined;
      if (order !== undefined) return { entity, order };
    }
    return undefined;
  }

  /** Its Thing Description, with the topics of its own hub. */
  thing(broker: string): ThingDescription {
    this.#thing ??= this.#describe(broker);
    return this.#thing;
  }

  #describe(broker: string): ThingDescription {
    const properties: Record<string, Json> = {};
    const actions: Record<string, Json> = {};
    const form = (op: string[], more: Partial<Form>): Form => ({
      href: broker,
      op,
      contentType: "text/plain",
      ...more,
    });
    for (const entity of this.#entities.values()) {
      for (const [name, property] of Object.entries(entity.properties)) {
        const [reading, order] = [entity.readings.find((each) => each.property === name), entity.orders.get(name)];
        const forms = [
          ...(reading === undefined
            ? []
            : [
                form(["observeproperty", "unobserveproperty"], {
                  "mqv:controlPacket": "subscribe",
                  "mqv:filter": reading.topic,
                }),
              ]),
          ...(order === undefined
            ? []
            : [form(["writeproperty"], { "mqv:controlPacket": "publish", "mqv:topic": order.topic })]),
        ];
        properties[name] = { ...property, forms } as unknown as Json;
      }
      for (const [name, action] of Object.entries(entity.actions)) {
        const topic = entity.orders.get(name)?.topic ?? "";
        const forms = [form(["invokeaction"], { "mqv:controlPacket": "publish", "mqv:topic": topic })];
        actions[name] = { ...action, forms } as unknown as Json;
      }
    }
    const { key, name, manufacturer, model } = this.info;
    const description = [manufacturer, model].filter((each) => each !== undefined).join(" ");
    return validateThing({
      "@context": CONTEXT,
      id: `urn:hansa:mqtt:${encodeURIComponent(key).slice(0, 200)}`,
      title: name,
      ...(description === "" ? {} : { description }),
      securityDefinitions: { hub: { scheme: "basic", in: "auto" } },
      security: ["hub"],
      properties,
      actions,
      events: {},
    });
  }
}

const namesOf = (entity: Entity) => [...Object.keys(entity.properties), ...Object.keys(entity.actions)];
