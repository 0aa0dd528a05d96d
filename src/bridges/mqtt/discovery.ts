/** Discovery messages of Home Assistant: topics, abbreviations, base topic. */
import type { Json } from "#base";
import { parseMessage } from "../device-messages.ts";
import { bridgeError } from "../errors.ts";

/** Largest discovery or state message, bytes. */
export const MAX_DISCOVERY_BYTES = 65_536;

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  act_t: "action_topic",
  act_tpl: "action_template",
  avty: "availability",
  avty_mode: "availability_mode",
  avty_t: "availability_topic",
  avty_tpl: "availability_template",
  bri_cmd_t: "brightness_command_topic",
  bri_cmd_tpl: "brightness_command_template",
  bri_scl: "brightness_scale",
  bri_stat_t: "brightness_state_topic",
  bri_val_tpl: "brightness_value_template",
  clr_temp_cmd_t: "color_temp_command_topic",
  clr_temp_cmd_tpl: "color_temp_command_template",
  clr_temp_stat_t: "color_temp_state_topic",
  clr_temp_val_tpl: "color_temp_value_template",
  cmd_t: "command_topic",
  cmd_tpl: "command_template",
  curr_temp_t: "current_temperature_topic",
  curr_temp_tpl: "current_temperature_template",
  dev: "device",
  dev_cla: "device_class",
  max_mirs: "max_mireds",
  min_mirs: "min_mireds",
  mode_cmd_t: "mode_command_topic",
  mode_cmd_tpl: "mode_command_template",
  mode_stat_t: "mode_state_topic",
  mode_stat_tpl: "mode_state_template",
  o: "origin",
  obj_id: "object_id",
  ops: "options",
  pl: "payload",
  pl_avail: "payload_available",
  pl_cls: "payload_close",
  pl_lock: "payload_lock",
  pl_not_avail: "payload_not_available",
  pl_off: "payload_off",
  pl_on: "payload_on",
  pl_open: "payload_open",
  pl_prs: "payload_press",
  pl_stop: "payload_stop",
  pl_unlk: "payload_unlock",
  pos_clsd: "position_closed",
  pos_open: "position_open",
  pos_t: "position_topic",
  pos_tpl: "position_template",
  ret: "retain",
  set_pos_t: "set_position_topic",
  set_pos_tpl: "set_position_template",
  stat_cla: "state_class",
  stat_closing: "state_closing",
  stat_clsd: "state_closed",
  stat_locked: "state_locked",
  stat_off: "state_off",
  stat_on: "state_on",
  stat_open: "state_open",
  stat_opening: "state_opening",
  stat_stopped: "state_stopped",
  stat_t: "state_topic",
  stat_unlocked: "state_unlocked",
  stat_val_tpl: "state_value_template",
  sup_clrm: "supported_color_modes",
  t: "topic",
  temp_cmd_t: "temperature_command_topic",
  temp_cmd_tpl: "temperature_command_template",
  temp_stat_t: "temperature_state_topic",
  temp_stat_tpl: "temperature_state_template",
  temp_unit: "temperature_unit",
  uniq_id: "unique_id",
  unit_of_meas: "unit_of_measurement",
  val_tpl: "value_template",
};

const DEVICE_ABBREVIATIONS: Readonly<Record<string, string>> = {
  cns: "connections",
  ids: "identifiers",
  mdl: "model",
  mdl_id: "model_id",
  mf: "manufacturer",
  sn: "serial_number",
  sw: "sw_version",
};

export type Config = Readonly<Record<string, Json>>;

/** A discovery message taken apart; `config` is `undefined` where it takes its entity away. */
export interface Discovery {
  readonly component: string;
  readonly nodeId: string | undefined;
  readonly objectId: string;
  readonly config: Config | undefined;
}

/**
 * Takes a discovery message apart: `<prefix>/<component>/[<node>/]<object>/config`. Abbreviations are written out and `~` is
 * replaced by the base topic.
 *
 * @throws HansaError `bridge.message-too-large`, `bridge.message-malformed`, `bridge.discovery-invalid`
 */
export function parseDiscovery(prefix: string, topic: string, payload: Uint8Array): Discovery {
  const levels = topic.startsWith(`${prefix}/`) ? topic.slice(prefix.length + 1).split("/") : [];
  const [component, ...rest] = levels;
  const objectId = rest.at(-2);
  if (component === undefined || objectId === undefined || rest.at(-1) !== "config" || levels.length > 4)
    throw invalid("its topic is not that of a discovery message");
  const nodeId = levels.length === 4 ? levels[1] : undefined;
  if (![component, objectId, nodeId ?? "x"].every((level) => /^[A-Za-z0-9_-]{1,128}$/.test(level)))
    throw invalid("a level of its topic has other characters than letters, digits, _ and -");
  if (payload.length === 0) return { component, nodeId, objectId, config: undefined };
  const message = parseMessage("discovery message", payload, MAX_DISCOVERY_BYTES);
  if (!isObject(message)) throw invalid("it is not an object");
  return { component, nodeId, objectId, config: writeOut(message) };
}

function writeOut(message: Config): Config {
  const config = unabbreviate(message, ABBREVIATIONS);
  const base = typeof config["~"] === "string" ? config["~"] : undefined;
  const withBase = (record: Record<string, Json>) => {
    for (const [name, value] of Object.entries(record))
      if (base !== undefined && name.endsWith("topic") && typeof value === "string") {
        if (value.startsWith("~")) record[name] = base + value.slice(1);
        else if (value.endsWith("~")) record[name] = value.slice(0, -1) + base;
      }
    return record;
  };
  withBase(config);
  if (isObject(config["device"])) config["device"] = unabbreviate(config["device"], DEVICE_ABBREVIATIONS);
  if (Array.isArray(config["availability"]))
    config["availability"] = config["availability"]
      .filter(isObject)
      .slice(0, 8)
      .map((each) => withBase(unabbreviate(each, ABBREVIATIONS)));
  return config;
}

function unabbreviate(record: Config, names: Readonly<Record<string, string>>): Record<string, Json> {
  const full: Record<string, Json> = {};
  for (const [name, value] of Object.entries(record))
    full[(Object.hasOwn(names, name) ? names[name] : undefined) ?? name] = value;
  return full;
}

/** Whether a value is a JSON object. */
export function isObject(value: Json | undefined): value is Config {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(problem: string) {
  return bridgeError("bridge.discovery-invalid", `a discovery message cannot be used: ${problem}`, { problem });
}

/** Key, name and model of the device that an entity belongs to. */
export interface DeviceInfo {
  readonly key: string;
  readonly name: string;
  readonly manufacturer?: string;
  readonly model?: string;
}

/** The device of a discovery message: by its first identifier, else its first connection, else the entity stands alone. */
export function deviceOf({ nodeId, objectId, config }: Discovery): DeviceInfo {
  const device = isObject(config?.["device"]) ? config["device"] : {};
  const identifiers = [device["identifiers"]].flat();
  const connection = [device["connections"]].flat()[0];
  const text = (value: Json | undefined) =>
    // A cut may leave half of a surrogate pair, which has no URI form.
    typeof value === "string" && value !== "" ? value.slice(0, 128).replace(/[\uD800-\uDBFF]$/, "") : undefined;
  const key =
    text(identifiers[0] as Json) ??
    text(Array.isArray(connection) ? connection.join(":") : undefined) ??
    text(config?.["unique_id"]) ??
    [nodeId, objectId].filter((each) => each !== undefined).join("/");
  const manufacturer = text(device["manufacturer"]);
  const model = text(device["model"]);
  return {
    key,
    name: text(device["name"]) ?? text(config?.["name"]) ?? key,
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(model === undefined ? {} : { model }),
  };
}
