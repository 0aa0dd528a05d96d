import { afterEach, describe, expect, it } from "vitest";
import { type Json, systemClock } from "#base";
import { describeDevice, loadProduct } from "../simulator/product.ts";
import type { ThingDescription } from "../wot/thing-description.ts";
import { openBroker, type TestBroker } from "./broker.suite.ts";
import { type DeviceAction, DiscoveryBridge, type DiscoveryBridgeOptions } from "./discovery-bridge.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

interface Seen {
  readonly values: [device: string, name: string, value: Json][];
  readonly unsupported: [topic: string, problem: string][];
  readonly things: Map<string, ThingDescription | undefined>;
  readonly orders: [thing: string, action: DeviceAction][];
}

async function start(more: Partial<DiscoveryBridgeOptions> = {}) {
  const broker = await openBroker();
  open.push(broker);
  const seen: Seen = { values: [], unsupported: [], things: new Map(), orders: [] };
  const waiting = new Set<() => void>();
  const look = () => {
    for (const each of [...waiting]) each();
  };
  const bridge = new DiscoveryBridge({
    url: broker.url,
    clientId: "bridge",
    clock: systemClock,
    onProperty: (device, name, value) => {
      seen.values.push([device, name, value]);
      look();
    },
    onThing: (key, thing) => {
      seen.things.set(key, thing);
      look();
    },
    onUnsupported: (topic, problem) => {
      seen.unsupported.push([topic, problem]);
      look();
    },
    onCommand: (thing, action) => {
      seen.orders.push([thing, action]);
      look();
    },
    ...more,
  });
  open.push(bridge);
  await bridge.ready;
  /** Resolves once `test` holds of what the bridge told. */
  const until = (test: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!test()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  const told = async (device: string, name: string, value: Json) => {
    const same = (each: readonly Json[]) => JSON.stringify(each) === JSON.stringify([device, name, value]);
    await until(() => seen.values.some(same));
  };
  return { broker, bridge, seen, until, told };
}

async function publish(broker: TestBroker, topic: string, payload: Json | string, retain = true) {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  await broker.observer.publishAsync(topic, text, { qos: 1, retain });
}

/** As Zigbee2MQTT 2.x publishes them. */
const z2m = (name: string, id: string, model: string, manufacturer: string) => ({
  availability: [{ topic: "zigbee2mqtt/bridge/state", value_template: "{{ value_json.state }}" }],
  device: { identifiers: [`zigbee2mqtt_${id}`], manufacturer, model, name, sw_version: "3000-0001" },
  origin: { name: "Zigbee2MQTT", sw: "2.6.1", url: "https://www.zigbee2mqtt.io" },
});
const SENSOR = "0x00158d0001dc126a";
const PLUG = "0x842e14fffe13b51a";
const sensorKey = `zigbee2mqtt_${SENSOR}`;
const plugKey = `zigbee2mqtt_${PLUG}`;

async function announceZigbee2Mqtt(broker: TestBroker) {
  const sensor = z2m("bedroom", SENSOR, "Temperature and humidity sensor (WSDCGQ11LM)", "Aqara");
  const plug = z2m("lamp plug", PLUG, "Smart plug (SP 240)", "Innr");
  await publish(broker, `homeassistant/sensor/${SENSOR}/temperature/config`, {
    ...sensor,
    device_class: "temperature",
    enabled_by_default: true,
    object_id: "bedroom_temperature",
    state_class: "measurement",
    state_topic: "zigbee2mqtt/bedroom",
    unique_id: `${SENSOR}_temperature_zigbee2mqtt`,
    unit_of_measurement: "°C",
    value_template: "{{ value_json.temperature }}",
  });
  await publish(broker, `homeassistant/sensor/${SENSOR}/battery/config`, {
    ...sensor,
    device_class: "battery",
    entity_category: "diagnostic",
    state_class: "measurement",
    state_topic: "zigbee2mqtt/bedroom",
    unique_id: `${SENSOR}_battery_zigbee2mqtt`,
    unit_of_measurement: "%",
    value_template: "{{ value_json['battery'] }}",
  });
  await publish(broker, `homeassistant/switch/${PLUG}/switch/config`, {
    ...plug,
    command_topic: "zigbee2mqtt/lamp plug/set",
    name: null,
    payload_off: "OFF",
    payload_on: "ON",
    state_topic: "zigbee2mqtt/lamp plug",
    unique_id: `${PLUG}_switch_zigbee2mqtt`,
    value_template: "{{ value_json.state }}",
  });
  await publish(broker, `homeassistant/select/${PLUG}/power_on_behavior/config`, {
    ...plug,
    command_topic: "zigbee2mqtt/lamp plug/set/power_on_behavior",
    name: "Power-on behavior",
    options: ["off", "on", "toggle", "previous"],
    state_topic: "zigbee2mqtt/lamp plug",
    value_template: "{{ value_json.power_on_behavior }}",
  });
  await publish(broker, `homeassistant/update/${PLUG}/update/config`, {
    ...plug,
    state_topic: "zigbee2mqtt/lamp plug",
    value_template: "{\"latest_version\":\"{{ value_json['update']['latest_version'] }}\"}",
  });
  await publish(broker, "zigbee2mqtt/bridge/state", { state: "online" });
  // What follows without the retain flag would be lost on whoever has not subscribed yet.
  for (const topic of ["zigbee2mqtt/bedroom", "zigbee2mqtt/lamp plug", "zigbee2mqtt/bridge/state"])
    await broker.subscribed(topic);
  // Once more for those who listen now, so that it comes before whatever a test publishes next.
  await publish(broker, "zigbee2mqtt/bridge/state", { state: "online" });
}

describe("a Home Assistant discovery bridge", () => {
  it("turns Zigbee2MQTT's messages into things, and their states into properties", async () => {
    const { broker, bridge, seen, until, told } = await start();
    await announceZigbee2Mqtt(broker);
    await publish(
      broker,
      "zigbee2mqtt/bedroom",
      { battery: 97, humidity: 44.3, linkquality: 120, temperature: 21.46 },
      false,
    );
    await publish(broker, "zigbee2mqtt/lamp plug", { state: "ON", power: 42, power_on_behavior: "previous" }, false);
    await told(sensorKey, "temperature", 21.46);
    await told(sensorKey, "battery", 97);
    await told(plugKey, "switch", "ON");
    await told(plugKey, "power_on_behavior", "previous");
    expect(bridge.devices().sort()).toEqual([sensorKey, plugKey].sort());
    const sensor = bridge.thing(sensorKey);
    expect(sensor).toMatchObject({ title: "bedroom", description: expect.stringContaining("Aqara") });
    expect(sensor.properties["temperature"]).toMatchObject({ type: "number", unit: "°C", readOnly: true });
    expect(bridge.thing(plugKey).properties["switch"]).toMatchObject({ enum: ["ON", "OFF"], readOnly: false });
    await until(() => seen.unsupported.length > 0);
    expect(seen.unsupported).toEqual([
      [`homeassistant/update/${PLUG}/update/config`, expect.stringContaining("the component update is not supported")],
    ]);
  });

  it("carries orders out on command topics, and refuses what a thing cannot do", async () => {
    const { broker, bridge, told } = await start();
    await announceZigbee2Mqtt(broker);
    await publish(broker, "zigbee2mqtt/lamp plug", { state: "OFF" }, false);
    await told(plugKey, "switch", "OFF");
    expect(await bridge.act(plugKey, { set: "switch", value: "ON" })).toEqual({ outcome: "done" });
    expect((await broker.hear((topic) => topic === "zigbee2mqtt/lamp plug/set")).text).toBe("ON");
    const refusals: [string, DeviceAction, string][] = [
      [plugKey, { set: "switch", value: "MAYBE" }, "bridge.value"],
      [plugKey, { set: "colour", value: 1 }, "bridge.property-unknown"],
      [plugKey, { action: "explode" }, "bridge.action-unknown"],
      [plugKey, { action: "toString" }, "bridge.action-unknown"],
      [sensorKey, { set: "temperature", value: 3 }, "bridge.read-only"],
      ["nobody", { set: "switch", value: "ON" }, "bridge.device-unknown"],
    ];
    for (const [key, action, code] of refusals) {
      const { outcome, reason } = await bridge.act(key, action);
      expect([outcome, reason?.split(":")[0]]).toEqual(["refused", code]);
    }
  });

  it("does not order what its hub says is not available", async () => {
    const { broker, bridge, told } = await start();
    await announceZigbee2Mqtt(broker);
    await publish(broker, "zigbee2mqtt/bridge/state", { state: "offline" });
    await publish(broker, "zigbee2mqtt/lamp plug", { state: "OFF" }, false);
    await told(plugKey, "switch", "OFF");
    expect(await bridge.act(plugKey, { set: "switch", value: "ON" })).toMatchObject({
      outcome: "failed",
      reason: expect.stringMatching(/^bridge.unavailable/),
    });
  });

  it("understands Tasmota's abbreviations and base topic", async () => {
    const { broker, bridge, told } = await start();
    await publish(broker, "homeassistant/switch/DC4F22_RL_1/config", {
      name: "Tasmota",
      cmd_t: "~cmnd/POWER",
      stat_t: "~tele/STATE",
      val_tpl: "{{value_json.POWER}}",
      pl_off: "OFF",
      pl_on: "ON",
      avty_t: "~tele/LWT",
      pl_avail: "Online",
      pl_not_avail: "Offline",
      uniq_id: "DC4F22_RL_1",
      dev: { ids: ["DC4F22"], name: "Sonoff Basic", mdl: "Sonoff Basic", sw: "8.5.1", mf: "Tasmota" },
      "~": "tasmota_DC4F22/",
    });
    await publish(broker, "tasmota_DC4F22/tele/LWT", "Online");
    await broker.subscribed("tasmota_DC4F22/tele/STATE");
    await publish(broker, "tasmota_DC4F22/tele/LWT", "Online");
    await publish(
      broker,
      "tasmota_DC4F22/tele/STATE",
      '{"Time":"2026-01-01T00:00:00","POWER":"OFF","Wifi":{"RSSI":74}}',
      false,
    );
    await told("DC4F22", "DC4F22_RL_1", "OFF");
    expect(await bridge.act("DC4F22", { set: "DC4F22_RL_1", value: "ON" })).toEqual({ outcome: "done" });
    expect((await broker.hear((topic) => topic === "tasmota_DC4F22/cmnd/POWER")).text).toBe("ON");
    expect(bridge.thing("DC4F22").title).toBe("Sonoff Basic");
  });

  it("understands ESPHome's lights, covers, numbers and buttons", async () => {
    const { broker, bridge, told } = await start();
    const dev = { ids: "a0b1c2d3e4f5", name: "livingroom", sw: "esphome v2026.1", mdl: "esp32dev", mf: "Espressif" };
    const avty = { avty_t: "livingroom/status", pl_avail: "online", pl_not_avail: "offline" };
    await publish(broker, "homeassistant/light/livingroom/ceiling/config", {
      schema: "json",
      brightness: true,
      sup_clrm: ["brightness", "color_temp"],
      min_mireds: 153,
      max_mireds: 400,
      name: "Ceiling",
      stat_t: "livingroom/light/ceiling/state",
      cmd_t: "livingroom/light/ceiling/command",
      uniq_id: "ESPlightceiling",
      dev,
      ...avty,
    });
    await publish(broker, "homeassistant/cover/livingroom/blind/config", {
      name: "Blind",
      stat_t: "livingroom/cover/blind/state",
      cmd_t: "livingroom/cover/blind/command",
      pos_t: "livingroom/cover/blind/position/state",
      set_pos_t: "livingroom/cover/blind/position/command",
      dev,
      ...avty,
    });
    await publish(broker, "homeassistant/number/livingroom/delay/config", {
      min: 0,
      max: 60,
      step: 0.5,
      unit_of_meas: "s",
      stat_t: "livingroom/number/delay/state",
      cmd_t: "livingroom/number/delay/command",
      cmd_tpl: '{"seconds": {{ value }}}',
      dev,
      ...avty,
    });
    await publish(broker, "homeassistant/button/livingroom/restart/config", {
      pl_prs: "PRESS",
      cmd_t: "livingroom/button/restart/command",
      dev,
      ...avty,
    });
    await publish(broker, "livingroom/status", "online");
    await publish(broker, "livingroom/light/ceiling/state", {
      state: "ON",
      brightness: 120,
      color_mode: "color_temp",
      color_temp: 300,
    });
    await publish(broker, "livingroom/cover/blind/state", "open");
    await publish(broker, "livingroom/cover/blind/position/state", "70");
    await publish(broker, "livingroom/number/delay/state", "2.5");
    const key = "a0b1c2d3e4f5";
    await told(key, "ceiling", "ON");
    await told(key, "ceiling_brightness", 120);
    await told(key, "ceiling_color_temp", 300);
    await told(key, "blind", "OPEN");
    await told(key, "blind_position", 70);
    await told(key, "delay", 2.5);
    const orders: [DeviceAction, string, string][] = [
      [{ set: "ceiling_brightness", value: 10 }, "livingroom/light/ceiling/command", '{"state":"ON","brightness":10}'],
      [{ set: "blind_position", value: 30 }, "livingroom/cover/blind/position/command", "30"],
      [{ action: "blind_stop" }, "livingroom/cover/blind/command", "STOP"],
      [{ set: "delay", value: 4.5 }, "livingroom/number/delay/command", '{"seconds": 4.5}'],
      [{ action: "restart" }, "livingroom/button/restart/command", "PRESS"],
    ];
    for (const [action, topic, payload] of orders) {
      expect(await bridge.act(key, action)).toEqual({ outcome: "done" });
      await broker.hear((each, text) => each === topic && text === payload);
    }
    expect(await bridge.act(key, { set: "delay", value: 4.3 })).toMatchObject({ outcome: "refused" });
  });

  it("understands climates, locks, contacts and basic lights, and leaves out what runs a program", async () => {
    const { broker, bridge, seen, told } = await start();
    const device = { identifiers: ["hall"], name: "hall" };
    await publish(broker, "homeassistant/climate/hall/climate/config", {
      device,
      temperature_state_topic: "hub/valve",
      temperature_state_template: "{{ value_json['occupied_heating_setpoint'] | float }}",
      temperature_command_topic: "hub/valve/set/occupied_heating_setpoint",
      current_temperature_topic: "hub/valve",
      current_temperature_template: "{{ value_json.local_temperature | round(1) }}",
      mode_state_topic: "hub/valve",
      mode_state_template: "{{ value_json.system_mode }}",
      mode_command_topic: "hub/valve/set/system_mode",
      modes: ["off", "heat", "auto"],
      action_topic: "hub/valve",
      action_template:
        "{% set values = {None:None,'idle':'idle','heat':'heating'} %}{{ values[value_json.running_state] }}",
      min_temp: 5,
      max_temp: 30,
    });
    await publish(broker, "homeassistant/lock/hall/lock/config", {
      device,
      state_topic: "hub/lock",
      value_template: "{{ value_json.lock_state }}",
      state_locked: "locked",
      state_unlocked: "unlocked",
      command_topic: "hub/lock/set",
      payload_lock: "LOCK",
      payload_unlock: "UNLOCK",
    });
    await publish(broker, "homeassistant/binary_sensor/hall/contact/config", {
      device,
      state_topic: "hub/door",
      value_template: "{{ value_json.contact }}",
      payload_on: false,
      payload_off: true,
      device_class: "door",
    });
    await publish(broker, "homeassistant/light/hall/lamp/config", {
      device,
      state_topic: "hub/lamp/power",
      command_topic: "hub/lamp/power/set",
      payload_on: "1",
      payload_off: "0",
      brightness_state_topic: "hub/lamp/level",
      brightness_command_topic: "hub/lamp/level/set",
      brightness_scale: 100,
    });
    await publish(broker, "hub/valve", {
      occupied_heating_setpoint: "21.5",
      local_temperature: 19.449,
      system_mode: "heat",
      running_state: "heat",
    });
    await publish(broker, "hub/lock", { lock_state: "locked" });
    await publish(broker, "hub/door", { contact: false });
    await publish(broker, "hub/lamp/power", "1");
    await publish(broker, "hub/lamp/level", "80");
    await told("hall", "climate_temperature", 21.5);
    await told("hall", "climate_current_temperature", 19.4);
    await told("hall", "climate_mode", "heat");
    await told("hall", "lock", "LOCKED");
    await told("hall", "contact", true);
    await told("hall", "lamp", "ON");
    await told("hall", "lamp_brightness", 80);
    expect(seen.unsupported).toEqual([
      ["homeassistant/climate/hall/climate/config", "action_template: has statements"],
    ]);
    expect(bridge.thing("hall").properties).not.toHaveProperty("climate_action");
    await bridge.act("hall", { set: "climate_temperature", value: 22 });
    await broker.hear((topic, text) => topic === "hub/valve/set/occupied_heating_setpoint" && text === "22");
    await bridge.act("hall", { action: "lock_unlock" });
    await broker.hear((topic, text) => topic === "hub/lock/set" && text === "UNLOCK");
    await bridge.act("hall", { set: "lamp", value: "OFF" });
    await broker.hear((topic, text) => topic === "hub/lamp/power/set" && text === "0");
    expect(await bridge.act("hall", { set: "lamp_brightness", value: 101 })).toMatchObject({ outcome: "refused" });
  });

  it("keeps to what it can use: no wildcards, no foreign topics, no values out of range", async () => {
    const { broker, bridge, seen, until, told } = await start({ limits: { devices: 2, entities: 3 } });
    const bad: [string, Json | string][] = [
      ["homeassistant/sensor/x/wild/config", { state_topic: "#", name: "wild" }],
      ["homeassistant/sensor/x/sys/config", { state_topic: "$SYS/broker/uptime" }],
      ["homeassistant/sensor/x/own/config", { state_topic: "hansa/devices/x/commands" }],
      ["homeassistant/sensor/x/nothing/config", {}],
      ["homeassistant/sensor/x/array/config", "[1]"],
      ["homeassistant/sensor/x/torn/config", '{"state_topic":'],
      ["homeassistant/sensor/x/program/config", { state_topic: "a", value_template: "{{ states('sensor.secret') }}" }],
      ["homeassistant/number/x/empty/config", { state_topic: "a", min: 5, max: 1 }],
    ];
    for (const [topic, payload] of bad) await publish(broker, topic, payload, false);
    await until(() => seen.unsupported.length === bad.length);
    expect(bridge.devices()).toEqual([]);
    for (const id of ["one", "two", "three"])
      await publish(broker, `homeassistant/number/${id}/level/config`, {
        device: { identifiers: [id] },
        state_topic: `hub/${id}`,
        min: 0,
        max: 10,
      });
    await until(() => seen.unsupported.length === bad.length + 1);
    expect(bridge.devices()).toEqual(["one", "two"]);
    await broker.subscribed("hub/one");
    for (const payload of ["11", "nonsense", "", "NaN", "7"]) await publish(broker, "hub/one", payload, false);
    await told("one", "level", 7);
    expect(seen.values).toEqual([["one", "level", 7]]);
  });

  it("forgets an entity whose message is taken away, and a device with its last", async () => {
    const { broker, bridge, seen, until } = await start();
    await announceZigbee2Mqtt(broker);
    await until(() => seen.things.get(sensorKey)?.properties["battery"] !== undefined);
    await publish(broker, `homeassistant/sensor/${SENSOR}/battery/config`, "");
    await until(() => seen.things.get(sensorKey)?.properties["battery"] === undefined);
    expect(bridge.devices()).toContain(sensorKey);
    await publish(broker, `homeassistant/sensor/${SENSOR}/temperature/config`, "");
    await until(() => seen.things.has(sensorKey) && seen.things.get(sensorKey) === undefined);
    expect(bridge.devices()).not.toContain(sensorKey);
  });

  it("announces a Hansa device so that another bridge would discover it, takes its orders and withdraws it", async () => {
    const { broker, bridge, seen, until } = await start();
    const did = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
    const place = {
      did,
      fingerprint: "3QJmV3qfvL9SuYo34YihAf3sRCW3",
      topic: "acme/things",
      broker: "mqtt://127.0.0.1:1",
    };
    const [plug, contact] = [await loadProduct("SP 240"), await loadProduct("MCCGQ11LM")];
    const thing = describeDevice(plug, place);
    await bridge.announce(thing);
    const base = "did_hansa_hanse_3QJmV3qfvL9SuYo34YihAf3sRCW3";
    const config = JSON.parse(
      (await broker.hear((topic) => topic === `homeassistant/switch/hansa_${base}/state/config`)).text,
    );
    expect(config).toMatchObject({
      payload_on: "ON",
      command_topic: `hansa/${base}/set/state`,
      device: { identifiers: [did] },
    });
    const power = await broker.hear((topic) => topic === `homeassistant/sensor/hansa_${base}/power/config`);
    expect(JSON.parse(power.text)).toMatchObject({
      device_class: "power",
      unit_of_measurement: "W",
      state_class: "measurement",
    });
    await broker.hear((topic) => topic === `homeassistant/button/hansa_${base}/toggle/config`);
    expect(bridge.devices()).toEqual([]);
    await bridge.report(did, "state", "ON");
    await broker.hear((topic, text) => topic === `hansa/${base}/state/state` && text === "ON");
    await publish(broker, `hansa/${base}/set/state`, "PERHAPS", false);
    await publish(broker, `hansa/${base}/set/power`, "5", false);
    await publish(broker, `hansa/${base}/set/state`, "OFF", false);
    await publish(broker, `hansa/${base}/do/toggle`, "PRESS", false);
    await until(() => seen.orders.length === 2);
    expect(seen.orders).toEqual([
      [did, { set: "state", value: "OFF" }],
      [did, { action: "toggle" }],
    ]);
    await bridge.announce(describeDevice(contact, place));
    const door = await broker.hear((topic) => topic === `homeassistant/binary_sensor/hansa_${base}/contact/config`);
    expect(JSON.parse(door.text)).toMatchObject({ device_class: "opening", payload_on: "false", payload_off: "true" });
    await broker.hear((topic, text) => topic === `homeassistant/switch/hansa_${base}/state/config` && text === "");
    await bridge.withdraw(did);
    await broker.hear(
      (topic, text) => topic === `homeassistant/binary_sensor/hansa_${base}/contact/config` && text === "",
    );
    await expect(bridge.report(did, "state", "ON")).rejects.toMatchObject({ code: "bridge.device-unknown" });
  });

  it("goes on after a broken line, without telling its things anew", async () => {
    const { broker, bridge, seen, told } = await start({ backOff: { first: 1, most: 4 } });
    await announceZigbee2Mqtt(broker);
    await publish(broker, "zigbee2mqtt/bedroom", { temperature: 20 });
    await told(sensorKey, "temperature", 20);
    seen.things.clear();
    broker.cut();
    await publish(broker, "zigbee2mqtt/bedroom", { temperature: 23 });
    await told(sensorKey, "temperature", 23);
    expect(seen.things.size).toBe(0);
    expect(await bridge.act(plugKey, { set: "switch", value: "ON" })).toEqual({ outcome: "done" });
  });
});
