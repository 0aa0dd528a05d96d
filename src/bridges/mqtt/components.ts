/** Home Assistant's components, one builder each: which members of a discovery message mean what. */
import type { Json } from "#base";
import { bridgeError } from "../errors.ts";
import { affordanceName } from "../wot/affordance-name.ts";
import type { PropertyAffordance } from "../wot/thing-description.ts";
import type { Discovery } from "./discovery.ts";
import { type Entity, EntityDraft } from "./entity.ts";
import { textOf } from "./template.ts";

const ON_OFF: PropertyAffordance = { type: "string", enum: ["ON", "OFF"] };

const numberOf = (value: Json): number | undefined => {
  const number = typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? +value : NaN;
  return Number.isFinite(number) ? number : undefined;
};
const named =
  (names: Readonly<Record<string, Json>>) =>
  (value: Json): Json | undefined => {
    // Home Assistant renders booleans as Python does, so hubs write both `true` and `True` for one.
    const texts = typeof value === "boolean" ? [String(value), value ? "True" : "False"] : [textOf(value)];
    for (const text of texts) if (Object.hasOwn(names, text)) return names[text];
    return undefined;
  };
const oneOf =
  (options: readonly string[]) =>
  (value: Json): Json | undefined =>
    options.includes(textOf(value)) ? textOf(value) : undefined;
const withUnit = (draft: EntityDraft): PropertyAffordance => {
  const unit = draft.text("unit_of_measurement", "");
  return { type: "number", ...(unit === "" ? {} : { unit: unit.slice(0, 64) }) };
};

/** Classes of sensors that are no numbers. */
const TEXT_CLASSES = new Set(["date", "timestamp", "enum"]);

function sensor(draft: EntityDraft): void {
  const { config, key } = draft;
  const kind = draft.text("device_class", "");
  const numeric =
    config["unit_of_measurement"] !== undefined ||
    config["state_class"] !== undefined ||
    (kind !== "" && !TEXT_CLASSES.has(kind));
  const options = draft.texts("options");
  if (numeric) draft.read(key, withUnit(draft), "state_topic", "value_template", numberOf);
  else if (options !== undefined)
    draft.read(key, { type: "string", enum: options }, "state_topic", "value_template", oneOf(options));
  else draft.read(key, { type: "string" }, "state_topic", "value_template", (value) => textOf(value).slice(0, 1024));
}

function binarySensor(draft: EntityDraft): void {
  const states = { [draft.text("payload_off", "OFF")]: false, [draft.text("payload_on", "ON")]: true };
  draft.read(draft.key, { type: "boolean" }, "state_topic", "value_template", named(states));
}

/** Reading and writing ON and OFF under the message's own words for them. */
function onOff(draft: EntityDraft, property: string, templateName: string): void {
  const [on, off] = [draft.text("payload_on", "ON"), draft.text("payload_off", "OFF")];
  const states = { [draft.text("state_off", off)]: "OFF", [draft.text("state_on", on)]: "ON" };
  draft.read(property, ON_OFF, "state_topic", templateName, named(states));
  draft.write(property, ON_OFF, "command_topic", "command_template", (value) => (value === "ON" ? on : off));
}

function switchEntity(draft: EntityDraft): void {
  onOff(draft, draft.key, "value_template");
}

function light(draft: EntityDraft): void {
  const schema = draft.text("schema", "basic");
  if (schema === "json") jsonLight(draft);
  else if (schema === "basic") basicLight(draft);
  else throw invalid(`lights of schema ${schema.slice(0, 32)} are not supported`);
}

function basicLight(draft: EntityDraft): void {
  onOff(draft, draft.key, "state_value_template");
  const brightness = range(draft, "brightness");
  const level = `${draft.key}_brightness`;
  draft.read(level, brightness, "brightness_state_topic", "brightness_value_template", numberOf);
  draft.write(level, brightness, "brightness_command_topic", "brightness_command_template", numberOf);
  const mireds = range(draft, "color_temp");
  const colour = `${draft.key}_color_temp`;
  draft.read(colour, mireds, "color_temp_state_topic", "color_temp_value_template", numberOf);
  draft.write(colour, mireds, "color_temp_command_topic", "color_temp_command_template", numberOf);
}

/** One topic tells and takes objects: `{"state":"ON","brightness":120}`. */
function jsonLight(draft: EntityDraft): void {
  const { config, key } = draft;
  const modes = draft.texts("supported_color_modes") ?? [];
  const facet = (
    property: string,
    schema: PropertyAffordance,
    member: string,
    decode: (value: Json) => Json | undefined,
  ) => {
    draft.read(property, schema, "state_topic", "", decode, `{{ value_json.${member} }}`);
    draft.write(property, schema, "command_topic", undefined, (value) =>
      JSON.stringify(member === "state" ? { state: value } : { state: "ON", [member]: value }),
    );
  };
  facet(key, ON_OFF, "state", named({ ON: "ON", OFF: "OFF" }));
  if (config["brightness"] === true || modes.some((mode) => mode !== "onoff"))
    facet(`${key}_brightness`, range(draft, "brightness"), "brightness", numberOf);
  if (config["color_temp"] === true || modes.includes("color_temp"))
    facet(`${key}_color_temp`, range(draft, "color_temp"), "color_temp", numberOf);
}

function range(draft: EntityDraft, what: "brightness" | "color_temp"): PropertyAffordance {
  return what === "brightness"
    ? { type: "integer", minimum: 0, maximum: draft.number("brightness_scale", 255) }
    : {
        type: "integer",
        unit: "mired",
        minimum: draft.number("min_mireds", 153),
        maximum: draft.number("max_mireds", 500),
      };
}

function climate(draft: EntityDraft): void {
  const { key } = draft;
  const unit = draft.text("temperature_unit", "C") === "F" ? "°F" : "°C";
  const target: PropertyAffordance = {
    type: "number",
    unit,
    minimum: draft.number("min_temp", 7),
    maximum: draft.number("max_temp", 35),
  };
  draft.read(`${key}_temperature`, target, "temperature_state_topic", "temperature_state_template", numberOf);
  draft.write(`${key}_temperature`, target, "temperature_command_topic", "temperature_command_template", numberOf);
  const measured: PropertyAffordance = { type: "number", unit };
  draft.read(
    `${key}_current_temperature`,
    measured,
    "current_temperature_topic",
    "current_temperature_template",
    numberOf,
  );
  const modes = draft.texts("modes") ?? ["auto", "off", "cool", "heat", "dry", "fan_only"];
  const mode: PropertyAffordance = { type: "string", enum: modes };
  draft.read(`${key}_mode`, mode, "mode_state_topic", "mode_state_template", oneOf(modes));
  draft.write(`${key}_mode`, mode, "mode_command_topic", "mode_command_template", oneOf(modes));
  const actions = ["off", "heating", "cooling", "drying", "idle", "fan", "preheating", "defrosting"];
  draft.read(`${key}_action`, { type: "string", enum: actions }, "action_topic", "action_template", oneOf(actions));
}

function cover(draft: EntityDraft): void {
  const { config, key } = draft;
  const states = {
    [draft.text("state_stopped", "stopped")]: "STOPPED",
    [draft.text("state_opening", "opening")]: "OPENING",
    [draft.text("state_closing", "closing")]: "CLOSING",
    [draft.text("state_closed", "closed")]: "CLOSED",
    [draft.text("state_open", "open")]: "OPEN",
  };
  const names = ["OPEN", "OPENING", "CLOSED", "CLOSING", "STOPPED"];
  draft.read(key, { type: "string", enum: names }, "state_topic", "value_template", named(states));
  const [closed, open] = [draft.number("position_closed", 0), draft.number("position_open", 100)];
  if (open !== closed) {
    const position: PropertyAffordance = { type: "number", unit: "%", minimum: 0, maximum: 100 };
    draft.read(`${key}_position`, position, "position_topic", "position_template", (value) => {
      const number = numberOf(value);
      return number === undefined ? undefined : Math.round(((number - closed) / (open - closed)) * 100);
    });
    draft.write(
      `${key}_position`,
      position,
      "set_position_topic",
      "set_position_template",
      (value) => Math.round(closed + (Number(value) / 100) * (open - closed)),
      ["position", "value"],
    );
  }
  // `null` says that the cover cannot do it.
  for (const verb of ["open", "close", "stop"])
    if (config[`payload_${verb}`] !== null)
      draft.does(`${key}_${verb}`, "command_topic", draft.text(`payload_${verb}`, verb.toUpperCase()));
}

function lock(draft: EntityDraft): void {
  const states = {
    [draft.text("state_unlocked", "UNLOCKED")]: "UNLOCKED",
    [draft.text("state_locked", "LOCKED")]: "LOCKED",
  };
  draft.read(
    draft.key,
    { type: "string", enum: ["LOCKED", "UNLOCKED"] },
    "state_topic",
    "value_template",
    named(states),
  );
  for (const verb of ["lock", "unlock"])
    draft.does(
      `${draft.key}_${verb}`,
      "command_topic",
      draft.text(`payload_${verb}`, verb.toUpperCase()),
      "command_template",
    );
}

function number(draft: EntityDraft): void {
  const [minimum, maximum, step] = [draft.number("min", 1), draft.number("max", 100), draft.number("step", 1)];
  const onGrid = step > 0 && Math.abs(minimum / step - Math.round(minimum / step)) < 1e-9;
  const schema: PropertyAffordance = {
    ...withUnit(draft),
    minimum,
    maximum,
    ...(onGrid ? { multipleOf: step } : {}),
  };
  draft.read(draft.key, schema, "state_topic", "value_template", numberOf);
  draft.write(draft.key, schema, "command_topic", "command_template", numberOf);
}

function select(draft: EntityDraft): void {
  const options = draft.texts("options");
  if (options === undefined) throw invalid("a select has no options");
  const schema: PropertyAffordance = { type: "string", enum: options };
  draft.read(draft.key, schema, "state_topic", "value_template", oneOf(options));
  draft.write(draft.key, schema, "command_topic", "command_template", oneOf(options));
}

function button(draft: EntityDraft): void {
  draft.does(draft.key, "command_topic", draft.text("payload_press", "PRESS"), "command_template");
}

const COMPONENTS: Readonly<Record<string, (draft: EntityDraft) => void>> = {
  binary_sensor: binarySensor,
  button,
  climate,
  cover,
  light,
  lock,
  number,
  select,
  sensor,
  switch: switchEntity,
};

/**
 * An entity out of its discovery message.
 *
 * @param key - the entity's name among its device's affordances
 * @throws HansaError `bridge.discovery-invalid` for a component or message that the bridge cannot use
 */
export function buildEntity({ component, config }: Discovery, key: string): Entity {
  const build = Object.hasOwn(COMPONENTS, component) ? COMPONENTS[component] : undefined;
  if (build === undefined) throw invalid(`the component ${component} is not supported`);
  const draft = new EntityDraft(key, config ?? {});
  build(draft);
  const entity = draft.build();
  if (Object.keys(entity.properties).length + Object.keys(entity.actions).length === 0)
    throw invalid(entity.unsupported[0] ?? "it names no topic that the bridge could use");
  return entity;
}

/** Name of an entity: its object id, as contracts can write it. */
export function entityKey({ component, objectId }: Discovery): string {
  // Room is left for `_current_temperature` and its like: names have 64 characters at most.
  return affordanceName(objectId)?.slice(0, 42) ?? component;
}

function invalid(problem: string) {
  return bridgeError("bridge.discovery-invalid", problem, { problem });
}
