/** The way back: discovery messages with which a Home Assistant sees a Hansa device. */
import type { Json } from "#base";
import type { DataSchema } from "../wot/data-schema.ts";
import type { PropertyAffordance, ThingDescription } from "../wot/thing-description.ts";

/** Topics below which an announced device speaks and listens on the platform's own broker. */
export const ANNOUNCE_BASE = "hansa";
/** Node ids of what Hansa announces begin so: a bridge must not discover its own devices. */
export const ANNOUNCE_NODE = "hansa_";

export interface Announcement {
  readonly topic: string;
  readonly config: Readonly<Record<string, Json>>;
}

/** Home Assistant's device class of a property, and the unit that it demands. */
const SENSOR_CLASSES: Readonly<Record<string, readonly [deviceClass: string, ...units: string[]]>> = {
  battery: ["battery", "%"],
  co2: ["carbon_dioxide", "ppm"],
  current: ["current", "A", "mA"],
  device_temperature: ["temperature", "°C", "°F"],
  energy: ["energy", "kWh", "Wh"],
  humidity: ["humidity", "%"],
  illuminance: ["illuminance", "lx"],
  local_temperature: ["temperature", "°C", "°F"],
  pm25: ["pm25", "µg/m³"],
  power: ["power", "W", "kW"],
  pressure: ["pressure", "hPa", "kPa"],
  temperature: ["temperature", "°C", "°F"],
  voc: ["volatile_organic_compounds_parts", "ppb", "ppm"],
  voltage: ["voltage", "V", "mV"],
};

const BINARY_CLASSES: Readonly<Record<string, string>> = {
  battery_low: "battery",
  contact: "opening",
  occupancy: "occupancy",
  smoke: "smoke",
  tamper: "tamper",
  vibration: "vibration",
  water_leak: "moisture",
};

/** A Thing's name in topics. */
function slugOf(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]+/g, "_").slice(-100);
}

/** Where values of a property are published, orders for it arrive, and orders for an action. */
export const stateTopic = (id: string, property: string) => `${ANNOUNCE_BASE}/${slugOf(id)}/state/${property}`;
export const setTopic = (id: string, property: string) => `${ANNOUNCE_BASE}/${slugOf(id)}/set/${property}`;
export const doTopic = (id: string, action: string) => `${ANNOUNCE_BASE}/${slugOf(id)}/do/${action}`;

/**
 * Discovery messages for everything of a Thing that Home Assistant has a component for: properties that are boolean, number
 * or text, and actions without input.
 *
 * @param prefix - discovery prefix, by default `homeassistant`
 * @param statusTopic - where the bridge says `online` or `offline`
 */
export function announcementsOf(thing: ThingDescription, prefix: string, statusTopic: string): Announcement[] {
  const slug = slugOf(thing.id);
  const shared = {
    availability_topic: statusTopic,
    device: { identifiers: [thing.id], name: thing.title, manufacturer: thing.title.split(" ")[0] ?? "Hansa" },
    origin: { name: "Hansa" },
  };
  const announce = (component: string, name: string, title: string | undefined, config: Record<string, Json>) => ({
    topic: `${prefix}/${component}/${ANNOUNCE_NODE}${slug}/${name}/config`,
    config: { ...config, ...shared, name: title ?? name, unique_id: `${slug}_${component}_${name}` },
  });
  const list: Announcement[] = [];
  for (const [name, property] of Object.entries(thing.properties)) {
    const found = componentOf(name, property);
    if (found === undefined) continue;
    const [component, config] = found;
    list.push(
      announce(component, name, property.title, {
        ...config,
        state_topic: stateTopic(thing.id, name),
        ...(WRITABLE.has(component) ? { command_topic: setTopic(thing.id, name) } : {}),
      }),
    );
  }
  for (const [name, action] of Object.entries(thing.actions))
    if (action.input === undefined)
      list.push(announce("button", name, action.title, { command_topic: doTopic(thing.id, name) }));
  return list;
}

const WRITABLE = new Set(["number", "select", "switch"]);

function componentOf(name: string, property: PropertyAffordance): [string, Record<string, Json>] | undefined {
  const unit: Record<string, Json> = property.unit === undefined ? {} : { unit_of_measurement: property.unit };
  const writable = property.readOnly !== true;
  switch (property.type) {
    case "boolean": {
      if (writable) return ["switch", { payload_on: "true", payload_off: "false" }];
      const kind = BINARY_CLASSES[name];
      // Home Assistant's `opening` is on when open; `contact` is true when closed.
      const on = kind === "opening" ? "false" : "true";
      return [
        "binary_sensor",
        {
          payload_on: on,
          payload_off: on === "true" ? "false" : "true",
          ...(kind === undefined ? {} : { device_class: kind }),
        },
      ];
    }
    case "integer":
    case "number": {
      if (writable)
        return [
          "number",
          {
            ...unit,
            min: property.minimum ?? -32_768,
            max: property.maximum ?? 32_767,
            step: property.multipleOf ?? (property.type === "integer" ? 1 : 0.01),
          },
        ];
      const [kind, ...units] = SENSOR_CLASSES[name] ?? [];
      const fits = kind !== undefined && property.unit !== undefined && units.includes(property.unit);
      return [
        "sensor",
        {
          ...unit,
          state_class: kind === "energy" ? "total_increasing" : "measurement",
          ...(fits ? { device_class: kind } : {}),
        },
      ];
    }
    case "string": {
      const options = (property.enum ?? []).map(String);
      if (options.length === 0) return ["sensor", {}];
      if (!writable) return ["sensor", { device_class: "enum", options }];
      return isOnOff(options) ? ["switch", { payload_on: "ON", payload_off: "OFF" }] : ["select", { options }];
    }
    default:
      return undefined;
  }
}

const isOnOff = (options: readonly string[]) =>
  options.length === 2 && options.includes("ON") && options.includes("OFF");

/** The value of an order's payload under a property's schema; `undefined` where it is none. */
export function readOrder(schema: DataSchema, payload: string): Json | undefined {
  switch (schema.type) {
    case "boolean":
      return payload === "true" ? true : payload === "false" ? false : undefined;
    case "integer":
    case "number":
      return payload.trim() !== "" && Number.isFinite(Number(payload)) ? Number(payload) : undefined;
    case "string":
      return payload;
    default:
      return undefined;
  }
}
