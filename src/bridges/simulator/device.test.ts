import { afterEach, describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "#base";
import { type Command, commandTopic, resultTopic } from "#protocol";
import { encodeCommandMessage, encodeMessage, type ResultMessage } from "../device-messages.ts";
import { openBroker, type TestBroker } from "../mqtt/broker.suite.ts";
import { MqttDeviceActor } from "../mqtt-actor.ts";
import { SimulatedDevice, type SimulatedDeviceOptions } from "./device.ts";
import { loadProduct } from "./product.ts";

const FINGERPRINT = "3QJmV3qfvL9SuYo34YihAf3sRCW3";
const DID = `did:hansa:hanse:${FINGERPRINT}`;
const NOW = 1_800_000_000_000;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function start(model: string, more: Partial<SimulatedDeviceOptions> = {}, broker?: TestBroker) {
  const own = broker ?? (await openBroker());
  if (broker === undefined) open.push(own);
  const clock = new ManualClock(NOW);
  const device = new SimulatedDevice({
    product: await loadProduct(model),
    did: DID,
    topic: "acme/things",
    broker: own.url,
    connectionToken: () => "token",
    clock,
    ...more,
  });
  open.push(device);
  await device.ready;
  return { broker: own, device, clock };
}

async function command(
  broker: TestBroker,
  message: { readonly id: string; readonly [member: string]: unknown },
): Promise<ResultMessage> {
  await broker.observer.publishAsync(commandTopic(FINGERPRINT), Buffer.from(encodeMessage(message as never)), {
    qos: 1,
  });
  const { text } = await broker.hear(
    (topic, text) => topic === resultTopic(FINGERPRINT) && JSON.parse(text).id === message.id,
  );
  return JSON.parse(text);
}

const property = (name: string) => `acme/things/${FINGERPRINT}/properties/${name}`;

describe("a simulated device", () => {
  it("reports every property when it comes, and a reading that its surroundings cause", async () => {
    const { broker, device } = await start("WSDCGQ11LM");
    expect(JSON.parse((await broker.hear((topic) => topic === property("humidity"))).text)).toBe(45);
    await device.set("temperature", 27.5);
    expect(await broker.hear((topic, text) => topic === property("temperature") && text === "27.5")).toMatchObject({
      retain: false,
    });
    await expect(device.set("temperature", "hot")).rejects.toMatchObject({ code: "bridge.value" });
    await expect(device.set("colour", 1)).rejects.toMatchObject({ code: "bridge.property-unknown" });
  });

  it("gives a remote's events, and no others", async () => {
    const { broker, device } = await start("E2201");
    await device.emit("brightness_move_up");
    await broker.hear((topic) => topic === `acme/things/${FINGERPRINT}/events/brightness_move_up`);
    await expect(device.emit("explode")).rejects.toMatchObject({ code: "bridge.event-unknown" });
  });

  it("carries a command out and reports what changed, with its cause, before it answers", async () => {
    const { broker, device } = await start("SP 240");
    expect(await command(broker, { id: "c1", set: "state", value: "ON", hops: 2 })).toEqual({
      id: "c1",
      outcome: "done",
    });
    const caused = broker.heard
      .filter(({ text }) => text.includes('"hansacause":"c1"'))
      .map(({ text }) => JSON.parse(text));
    expect(caused.map(({ subject, data }) => [subject, data])).toEqual([
      ["state", "ON"],
      ["power", 60],
      ["current", 0.26],
    ]);
    expect(caused[0]).toMatchObject({
      specversion: "1.0",
      source: DID,
      type: "org.hansa.thing.property",
      hansahops: 2,
    });
    expect(device.read("power")).toBe(60);
    expect(await command(broker, { id: "c2", action: "toggle" })).toEqual({ id: "c2", outcome: "done" });
    expect(device.read("state")).toBe("OFF");
  });

  it("does a command that comes twice once, and answers it twice", async () => {
    const { broker, device } = await start("SP 240");
    await command(broker, { id: "same", action: "toggle" });
    await broker.observer.publishAsync(commandTopic(FINGERPRINT), '{"id":"same","action":"toggle"}', { qos: 1 });
    await command(broker, { id: "after", action: "identify" });
    expect(device.read("state")).toBe("ON");
    expect(
      broker.heard.filter(({ topic, text }) => topic === resultTopic(FINGERPRINT) && text.includes("same")),
    ).toHaveLength(2);
  });

  it.each([
    [{ set: "colour", value: 1 }, "bridge.property-unknown"],
    [{ set: "__proto__x", value: 1 }, undefined],
    [{ set: "local_temperature", value: 20 }, "bridge.read-only"],
    [{ set: "occupied_heating_setpoint", value: 31 }, "bridge.value"],
    [{ set: "occupied_heating_setpoint", value: 21.3 }, "bridge.value"],
    [{ set: "occupied_heating_setpoint", value: "21" }, "bridge.value"],
    [{ set: "occupied_heating_setpoint", value: 21, exp: NOW / 1000 }, "bridge.expired"],
    [{ action: "explode" }, "bridge.action-unknown"],
    [{ action: "constructor" }, "bridge.action-unknown"],
    [{ action: "valve_adapt_process", input: 1 }, "bridge.value"],
  ])("refuses %j and says why", async (message, code) => {
    const { broker, device } = await start("BTH-RA");
    if (code === undefined) {
      // Not even a message: nothing to answer to, but counted.
      await broker.observer.publishAsync(commandTopic(FINGERPRINT), JSON.stringify({ id: "bad", ...message }), {
        qos: 1,
      });
      await command(broker, { id: "next", set: "occupied_heating_setpoint", value: 20 });
      expect(device.malformed).toBe(1);
      return;
    }
    const result = await command(broker, { id: "bad", ...message });
    expect(result).toMatchObject({ outcome: "refused" });
    expect(result.reason).toMatch(new RegExp(`^${code}: `));
    expect(device.read("occupied_heating_setpoint")).toBe(20);
  });

  it("warms its room towards the setpoint as time goes by, and stays there", async () => {
    const { broker, device, clock } = await start("BTH-RA", { tick: 10_000 });
    await command(broker, { id: "warm", set: "occupied_heating_setpoint", value: 22.5 });
    expect(device.read("running_state")).toBe("heat");
    clock.advance(60_000);
    const early = device.read("local_temperature") as number;
    expect(early).toBeGreaterThan(19.5);
    expect(early).toBeLessThan(22);
    clock.advance(3_600_000);
    expect(Math.abs((device.read("local_temperature") as number) - 22.5)).toBeLessThan(0.5);
    await broker.hear((topic, text) => topic === property("local_temperature") && Number(text) > 21);
  });

  it("drives its blind where it is told, and stops it", async () => {
    const { broker, device, clock } = await start("E1757");
    await command(broker, { id: "down", action: "close" });
    clock.advance(4000);
    expect(device.read("position")).toBe(80);
    await command(broker, { id: "halt", action: "stop" });
    clock.advance(4000);
    expect(device.read("position")).toBe(80);
    await command(broker, { id: "to30", set: "position", value: 30 });
    clock.advance(20_000);
    expect(device.read("position")).toBe(30);
  });

  it("locks, lights and sounds as the real product does", async () => {
    const lock = await start("YRD426NRSC");
    await command(lock.broker, { id: "u", action: "unlock" });
    expect(lock.device.read("lock_state")).toBe("unlocked");
    await lock.device.close();
    const bulb = await start("9290022166", {}, lock.broker);
    await command(bulb.broker, { id: "b", set: "brightness", value: 200 });
    expect([bulb.device.read("state"), bulb.device.read("brightness")]).toEqual(["ON", 200]);
    await bulb.device.close();
    const siren = await start("HS2WD-E", {}, lock.broker);
    expect(await command(siren.broker, { id: "s", action: "warning_emergency" })).toEqual({ id: "s", outcome: "done" });
    expect(await command(siren.broker, { id: "t", action: "warning", input: { mode: "loud" } })).toMatchObject({
      outcome: "refused",
    });
  });

  it("gives the same readings for the same seed", async () => {
    const one = await start("WSDCGQ11LM", { seed: 7 });
    one.clock.advance(600_000);
    const readings = ["temperature", "humidity", "pressure"].map((name) => one.device.read(name));
    await one.device.close();
    const two = await start("WSDCGQ11LM", { seed: 7 }, one.broker);
    two.clock.advance(600_000);
    expect(["temperature", "humidity", "pressure"].map((name) => two.device.read(name))).toEqual(readings);
    expect(readings).not.toEqual([21, 45, 1013]);
  });

  it("connects with its DID and a fresh token each time, through refusals and broken lines", async () => {
    const seen: [string | undefined, string | undefined][] = [];
    let refusals = 2;
    const broker = await openBroker({
      authenticate: (client, username, password, done) => {
        if (client.id === "observer") return done(null, true);
        seen.push([username, password?.toString()]);
        done(null, refusals-- <= 0);
      },
    });
    open.push(broker);
    let tokens = 0;
    const statuses: string[] = [];
    const { device } = await start(
      "SP 240",
      {
        clock: systemClock,
        connectionToken: () => `token ${++tokens}`,
        backOff: { first: 1, most: 4 },
        onStatus: (status) => statuses.push(status),
      },
      broker,
    );
    expect(seen).toEqual([
      [DID, "token 1"],
      [DID, "token 2"],
      [DID, "token 3"],
    ]);
    expect(statuses.filter((status) => status === "refused")).toHaveLength(2);
    broker.cut();
    // A command sent while it is away waits in its session.
    expect(await command(broker, { id: "while-away", set: "state", value: "ON" })).toMatchObject({ outcome: "done" });
    expect(seen.at(-1)).toEqual([DID, `token ${tokens}`]);
    expect(tokens).toBeGreaterThanOrEqual(4);
    await device.close();
    expect(device.status).toBe("closed");
  });

  it("answers the actor through the broker", async () => {
    const { broker, device } = await start("SP 240");
    const actor = new MqttDeviceActor({
      clock: systemClock,
      deliver: async (topic, payload) =>
        void (await broker.observer.publishAsync(topic, Buffer.from(payload), { qos: 1 })),
    });
    broker.observer.on("message", (topic, payload) => {
      if (topic === resultTopic(FINGERPRINT)) actor.onResult(topic, payload);
    });
    const order = { jti: "a".repeat(22), hops: 1, exp: NOW / 1000 + 60, action: { set: "state", value: "ON" } };
    expect(encodeCommandMessage(order as unknown as Command).length).toBeLessThan(200);
    expect(await actor.act(DID, order as unknown as Command)).toEqual({ outcome: "done" });
    expect(device.read("state")).toBe("ON");
  });
});
