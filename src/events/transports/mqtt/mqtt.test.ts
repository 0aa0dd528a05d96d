import { connect as connectSocket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeUtf8, ManualClock } from "#base";
import { commandTopic, EVENT_TYPES, propertyPath, resultTopic } from "#protocol";
import { eventError } from "../../errors.ts";
import { temporaryFolder } from "../../log/logs.suite.ts";
import { closed, connectTo, inbox, type Served, serve } from "./mqtt.suite.ts";

let folder: ReturnType<typeof temporaryFolder>;
let served: Served;
const TOPIC = "acme/things";

beforeEach(async () => {
  folder = temporaryFolder();
  served = await serve(folder.path);
  served.rights.admit("sensor");
  served.rights.admit("watcher", "member");
});
afterEach(async () => {
  await served.close();
  folder.remove();
});

async function reopen(options: Parameters<typeof serve>[1] = {}): Promise<void> {
  const { rights } = served;
  await served.close();
  served = await serve(folder.path, { rights, ...options });
}

const logged = () => served.open.logs.read(TOPIC, 0, 1000);

describe("publishing over MQTT", () => {
  it("acknowledges QoS 1 and 2 when the event is in the log, and delivers at QoS 0, 1 and 2", async () => {
    const watcher = await served.connect("watcher");
    const sensor = await served.connect("sensor");
    const { take } = inbox(watcher);
    expect(await watcher.subscribeAsync(`${TOPIC}/#`, { qos: 2 })).toMatchObject([{ qos: 2 }]);
    await sensor.publishAsync(`${TOPIC}/a`, '"zero"', { qos: 0 });
    await sensor.publishAsync(`${TOPIC}/a`, '"one"', { qos: 1 });
    expect(logged().map(({ event }) => event.data)).toEqual(["zero", "one"]);
    await sensor.publishAsync(`${TOPIC}/a`, '"two"', { qos: 2 });
    expect(logged()).toHaveLength(3);
    expect((await take(3)).map(({ text, qos }) => [text, qos])).toEqual([
      ['"zero"', 0],
      ['"one"', 1],
      ['"two"', 2],
    ]);
  });

  it("logs a device's property as an event of that property", async () => {
    const sensor = await served.connect("sensor");
    const { fingerprint, did } = served.rights.admit("sensor");
    await sensor.publishAsync(`${TOPIC}/${propertyPath(fingerprint, "temperature")}`, "21.5", { qos: 1 });
    expect(logged()[0]).toMatchObject({
      topic: TOPIC,
      offset: 0,
      event: { type: EVENT_TYPES.property, subject: "temperature", data: 21.5, source: did },
    });
  });

  it("delivers at the lower of both levels", async () => {
    const watcher = await served.connect("watcher");
    const sensor = await served.connect("sensor");
    const { take } = inbox(watcher);
    await watcher.subscribeAsync(`${TOPIC}/+`, { qos: 1 });
    await sensor.publishAsync(`${TOPIC}/a`, "2", { qos: 2 });
    await sensor.publishAsync(`${TOPIC}/a`, "1", { qos: 1 });
    expect((await take(2)).map(({ qos }) => qos)).toEqual([1, 1]);
  });

  it("matches the topic itself with `#`, and a level with `+`", async () => {
    const watcher = await served.connect("watcher");
    const sensor = await served.connect("sensor");
    const { take } = inbox(watcher);
    await watcher.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    for (const name of [TOPIC, `${TOPIC}/a`, `${TOPIC}/a/b`]) await sensor.publishAsync(name, "1", { qos: 1 });
    expect((await take(3)).map(({ topic }) => topic)).toEqual([TOPIC, `${TOPIC}/a`, `${TOPIC}/a/b`]);
  });

  it("hands a retained message to later subscribers, in order with others, and forgets it when it is emptied", async () => {
    const sensor = await served.connect("sensor");
    const early = await served.connect("watcher");
    const seen = inbox(early);
    await early.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        sensor.publishAsync(`${TOPIC}/state`, `${i}`, { qos: 1, retain: i % 3 === 0 }),
      ),
    );
    expect((await seen.take(40)).map(({ text }) => text)).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`));
    const late = await served.connect("watcher", { clientId: "late" });
    const { take } = inbox(late);
    await late.subscribeAsync(`${TOPIC}/state`, { qos: 1 });
    expect(await take(1)).toMatchObject([{ text: "39", retain: true }]);
    await reopen();
    const again = await served.connect("watcher");
    const after = inbox(again);
    await again.subscribeAsync(`${TOPIC}/+`, { qos: 0 });
    expect(await after.take(1)).toMatchObject([{ text: "39", retain: true }]);
    const other = await served.connect("sensor");
    await other.publishAsync(`${TOPIC}/state`, "", { qos: 1, retain: true });
    expect(served.mqtt.stats().retained).toBe(0);
  });

  it("publishes the will of a connection that breaks, and not of one that says goodbye", async () => {
    const watcher = await served.connect("watcher");
    const { take, messages } = inbox(watcher);
    await watcher.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    const will = { topic: `${TOPIC}/gone`, payload: Buffer.from('"gone"'), qos: 1 as const, retain: false };
    const polite = await served.connect("sensor", { clientId: "polite", will });
    await polite.endAsync();
    const broken = await served.connect("sensor", { clientId: "broken", will });
    broken.stream.destroy();
    expect(await take(1)).toMatchObject([{ topic: `${TOPIC}/gone`, text: '"gone"' }]);
    expect(messages).toHaveLength(1);
    expect(logged().map(({ event }) => event.data)).toEqual(["gone"]);
  });
});

describe("persistent sessions", () => {
  it("survive the broker's restart with subscriptions and messages, at QoS 1 and 2", async () => {
    const options = { clientId: "kept", clean: false };
    const before = await served.connect("watcher", options);
    await before.subscribeAsync(`${TOPIC}/#`, { qos: 2 });
    await before.endAsync();
    const sensor = await served.connect("sensor");
    for (let i = 0; i < 5; i++) await sensor.publishAsync(`${TOPIC}/a`, `${i}`, { qos: i % 2 === 0 ? 1 : 2 });
    await reopen();
    const principal = served.rights.principals.get("token-of-watcher");
    const after = await connectAndCollect(served.mqtt.port, {
      ...options,
      username: principal?.did ?? "",
      password: "token-of-watcher",
    });
    // The client hands a QoS 2 message on when it is released: the order is that of each level.
    const received = await after.box.take(5);
    expect(received.filter(({ qos }) => qos === 1).map(({ text }) => text)).toEqual(["0", "2", "4"]);
    expect(received.filter(({ qos }) => qos === 2).map(({ text }) => text)).toEqual(["1", "3"]);
    const other = await served.connect("sensor");
    await other.publishAsync(`${TOPIC}/a`, "5", { qos: 1 });
    expect((await after.box.take(6)).at(-1)).toMatchObject({ text: "5" });
    await after.client.endAsync();
  });

  it("end where a clean one begins", async () => {
    const before = await served.connect("watcher", { clientId: "kept", clean: false });
    await before.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    await before.endAsync();
    expect(served.mqtt.stats().sessions).toBe(1);
    const clean = await served.connect("watcher", { clientId: "kept", clean: true });
    await clean.endAsync();
    expect(served.mqtt.stats().sessions).toBe(0);
    await reopen();
    expect(served.mqtt.stats().subscriptions).toBe(0);
  });

  it("make room where their connection ended while its will was being written", async () => {
    await reopen({ limits: { sessions: 1 } });
    const { logs } = served.open;
    const before = await served.connect("watcher", { clientId: "kept", clean: false });
    await before.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    await before.endAsync();
    const durably = logs.durably.bind(logs);
    let write = () => {};
    const asked = new Promise<void>((resolve) => {
      vi.spyOn(logs, "durably").mockImplementationOnce(async (run) => {
        await new Promise<void>((go) => {
          write = go;
          resolve();
        });
        await durably(run);
      });
    });
    const will = { topic: `${TOPIC}/gone`, payload: Buffer.from("1"), qos: 1 as const, retain: false };
    const { did } = served.rights.admit("watcher");
    const { default: mqtt } = await import("mqtt");
    const options = { clientId: "kept", clean: false, will, username: did, password: "token-of-watcher" };
    const gone = mqtt.connect({ host: "127.0.0.1", port: served.mqtt.port, reconnectPeriod: 0, ...options });
    const end = new Promise<void>((resolve) => gone.once("close", () => resolve()));
    await asked;
    served.mqtt.disconnect(did);
    await end;
    write();
    await durably(() => {});
    const other = await served.connect("sensor", { clientId: "new", clean: false });
    await other.subscribeAsync(`${TOPIC}/a`, { qos: 1 });
    expect(served.mqtt.stats()).toMatchObject({ sessions: 1, subscriptions: 1 });
  });

  it("hold a bounded number of messages; the log holds them all", async () => {
    await reopen({ limits: { queuedMessages: 3 } });
    const before = await served.connect("watcher", { clientId: "kept", clean: false });
    await before.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    await before.endAsync();
    const sensor = await served.connect("sensor");
    for (let i = 0; i < 10; i++) await sensor.publishAsync(`${TOPIC}/a`, `${i}`, { qos: 1 });
    expect(served.mqtt.stats().dropped).toBe(7);
    expect(logged()).toHaveLength(10);
  });
});

describe("rights over MQTT", () => {
  const refusedWith = async (options: Parameters<typeof connectTo>[1]) => {
    try {
      (await connectTo(served.mqtt.port, options)).end(true);
    } catch (error) {
      return (error as { code?: number }).code;
    }
    return undefined;
  };

  it("refuses wrong, missing, foreign and revoked credentials with the standard's codes", async () => {
    const did = served.rights.admit("sensor").did;
    const password = "token-of-sensor";
    expect(await refusedWith({ username: did, password: "wrong" })).toBe(4);
    expect(await refusedWith({ username: did })).toBe(4);
    expect(await refusedWith({})).toBe(4);
    expect(await refusedWith({ username: served.rights.admit("watcher").did, password })).toBe(4);
    served.rights.revoked.add(did);
    expect(await refusedWith({ username: did, password })).toBe(5);
    expect(served.mqtt.stats().refused).toEqual({ "events.unauthenticated": 4, "events.forbidden": 1 });
    expect(served.lines.map(({ event, code }) => [event, code])).toContainEqual(["refused", "events.forbidden"]);
    expect(JSON.stringify(served.lines)).not.toContain("token-of");
  });

  it("closes a connection that publishes without right, and keeps nothing of it", async () => {
    served.rights.admit("guest", "subject", []);
    for (const name of [`${TOPIC}/a`, "unknown/topic", "$SYS/a", "hansa/devices/x/commands"]) {
      const guest = await served.connect("guest");
      const end = closed(guest);
      guest.publish(name, "1", { qos: 1 });
      await end;
    }
    expect(logged()).toEqual([]);
  });

  it("answers a subscription without right with 0x80 and stays connected", async () => {
    const guest = served.rights.admit("guest", "subject", []);
    served.rights.subscribe.push([guest, TOPIC, "open/#"]);
    const client = await served.connect("guest", { clientId: "kept", clean: false });
    const filters = [`${TOPIC}/open/#`, `${TOPIC}/#`, "#", "+/things/a", "$SYS/#", "hansa/#", "unknown/x"];
    const granted = new Promise<number[]>((resolve) => {
      client.on("packetreceive", (packet) => packet.cmd === "suback" && resolve(packet.granted as number[]));
    });
    client.subscribe(filters, { qos: 1 }, () => {});
    expect(await granted).toEqual([1, 128, 128, 128, 128, 128, 128]);
    expect(client.connected).toBe(true);
    // Refused filters must not come back with the session either.
    expect(served.mqtt.stats().subscriptions).toBe(1);
  });

  it.each([true, false])(
    "limits the subscriptions of a client within one packet too, with a clean session: %s",
    async (clean) => {
      await reopen({ limits: { subscriptions: 3 } });
      const client = await served.connect("watcher", { clientId: "some", clean });
      const granted: number[][] = [];
      client.on("packetreceive", (packet) => {
        if (packet.cmd === "suback") granted.push(packet.granted as number[]);
      });
      const ask = (...names: string[]) =>
        new Promise<void>((resolve) => {
          client.subscribe(
            names.map((name) => `${TOPIC}/${name}`),
            { qos: 1 },
            () => resolve(),
          );
        });
      await ask("a", "b", "c", "d", "e");
      await ask("a", "f");
      await client.unsubscribeAsync(`${TOPIC}/b`);
      await ask("g", "h");
      expect(granted).toEqual([
        [1, 1, 1, 128, 128],
        [1, 128],
        [1, 128],
      ]);
      expect(served.mqtt.stats().refused).toEqual({ "events.too-many": 4 });
      expect(served.mqtt.stats().subscriptions).toBe(clean ? 0 : 3);
    },
  );

  it("lets nobody take over another DID's session by its client id", async () => {
    const kept = { clientId: "same", clean: false };
    const watcher = await served.connect("watcher", kept);
    await watcher.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    const sensor = await served.connect("sensor", kept);
    expect(watcher.connected).toBe(true);
    const { take } = inbox(watcher);
    await sensor.publishAsync(`${TOPIC}/a`, "1", { qos: 1 });
    await take(1);
    expect(served.mqtt.stats().connections).toBe(2);
  });

  it("lets a second connection take over the same DID's client id", async () => {
    const first = await served.connect("watcher", { clientId: "same" });
    const end = closed(first);
    const second = await served.connect("watcher", { clientId: "same" });
    await end;
    expect(second.connected).toBe(true);
  });

  it("ends a revoked device's connection at the recheck, and its will is not published", async () => {
    const watcher = await served.connect("watcher");
    await watcher.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    const will = { topic: `${TOPIC}/gone`, payload: Buffer.from("1"), qos: 1 as const, retain: false };
    const sensor = await served.connect("sensor", { will });
    const { did } = served.rights.admit("sensor");
    served.rights.revoked.add(did);
    const end = closed(sensor);
    served.mqtt.recheck();
    await end;
    expect(served.mqtt.isConnected(did)).toBe(false);
    expect(served.mqtt.isConnected(served.rights.admit("watcher").did)).toBe(true);
    await served.open.logs.durably(() => {});
    expect(logged()).toEqual([]);
  });

  it("drops subscriptions at the recheck that are no longer allowed, kept ones included", async () => {
    const watcher = await served.connect("watcher", { clientId: "kept", clean: false });
    await watcher.subscribeAsync([`${TOPIC}/a`, `${TOPIC}/b`], { qos: 1 });
    const { did } = served.rights.admit("watcher");
    served.rights.subscribe.splice(0);
    served.rights.subscribe.push([{ ...served.rights.admit("x", "member", []), did }, TOPIC, "b"]);
    served.mqtt.recheck();
    const sensor = await served.connect("sensor");
    const { take, messages } = inbox(watcher);
    await sensor.publishAsync(`${TOPIC}/a`, "1", { qos: 1 });
    await sensor.publishAsync(`${TOPIC}/b`, "2", { qos: 1 });
    await take(1);
    expect(messages.map(({ text }) => text)).toEqual(["2"]);
    expect(served.mqtt.stats().subscriptions).toBe(1);
  });

  it("tells of a subscription whose end at the recheck cannot be written, and stays up", async () => {
    const watcher = await served.connect("watcher", { clientId: "kept", clean: false });
    await watcher.subscribeAsync(`${TOPIC}/a`, { qos: 1 });
    served.rights.subscribe.splice(0);
    const write = vi.spyOn(served.open.logs, "durably").mockRejectedValueOnce(eventError("events.busy", "no room"));
    served.mqtt.recheck();
    write.mockRestore();
    await served.open.logs.durably(() => {});
    expect(served.lines).toContainEqual({ event: "failed", code: "events.busy", message: "no room" });
    expect(watcher.connected).toBe(true);
  });

  it("checks each delivery against the rules of the topic it belongs to", async () => {
    served.rights.topics.add(`${TOPIC}/private`);
    served.rights.publish.push([served.rights.admit("sensor"), `${TOPIC}/private`, "#"]);
    const guest = served.rights.admit("guest", "subject", [TOPIC]);
    const client = await served.connect("guest");
    const { take, messages } = inbox(client);
    expect(guest.kind).toBe("subject");
    await client.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    const sensor = await served.connect("sensor");
    await sensor.publishAsync(`${TOPIC}/private/a`, "1", { qos: 1 });
    await sensor.publishAsync(`${TOPIC}/a`, "2", { qos: 1 });
    await take(1);
    expect(messages.map(({ text }) => text)).toEqual(["2"]);
  });

  it("disconnects a DID when told to", async () => {
    const sensor = await served.connect("sensor");
    const end = closed(sensor);
    expect(served.mqtt.disconnect(served.rights.admit("sensor").did)).toBe(1);
    await end;
  });
});

describe("commands and results", () => {
  it("reach the device that they are for, waiting for it where it has a session", async () => {
    const { fingerprint } = served.rights.admit("sensor");
    const options = { clientId: "kept", clean: false };
    const device = await served.connect("sensor", options);
    const { take } = inbox(device);
    await device.subscribeAsync(commandTopic(fingerprint), { qos: 1 });
    await served.mqtt.deliver(commandTopic(fingerprint), encodeUtf8("first"));
    expect(await take(1)).toMatchObject([{ text: "first", qos: 1 }]);
    await device.endAsync();
    await served.mqtt.deliver(commandTopic(fingerprint), encodeUtf8("second"));
    await reopen();
    const { did } = served.rights.admit("sensor");
    const after = await connectAndCollect(served.mqtt.port, { ...options, username: did, password: "token-of-sensor" });
    expect(await after.box.take(1)).toMatchObject([{ text: "second" }]);
    await after.client.endAsync();
  });

  it("are closed to everybody else", async () => {
    const { fingerprint } = served.rights.admit("sensor");
    const watcher = await served.connect("watcher");
    const granted = new Promise<number[]>((resolve) => {
      watcher.on("packetreceive", (packet) => packet.cmd === "suback" && resolve(packet.granted as number[]));
    });
    watcher.subscribe([commandTopic(fingerprint), resultTopic(fingerprint)], { qos: 1 }, () => {});
    expect(await granted).toEqual([128, 128]);
    const end = closed(watcher);
    watcher.publish(resultTopic(fingerprint), "x", { qos: 1 });
    await end;
  });

  it("hand a device's result to the node before they acknowledge it", async () => {
    const { fingerprint, did } = served.rights.admit("sensor");
    const heard: string[] = [];
    const stop = served.mqtt.onResult(async (device, payload) => {
      await served.open.logs.durably(() => {});
      heard.push(`${device.did} ${Buffer.from(payload)}`);
    });
    const device = await served.connect("sensor");
    await device.publishAsync(resultTopic(fingerprint), "done", { qos: 1 });
    expect(heard).toEqual([`${did} done`]);
    stop();
    await device.publishAsync(resultTopic(fingerprint), "again", { qos: 1 });
    expect(heard).toHaveLength(1);
  });
});

async function connectAndCollect(port: number, options: Parameters<typeof connectTo>[1]) {
  // Messages of the session may arrive with the CONNACK: the listener must be there first.
  const { default: mqtt } = await import("mqtt");
  const client = mqtt.connect({ host: "127.0.0.1", port, protocolVersion: 4, reconnectPeriod: 0, ...options });
  const box = inbox(client);
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
  });
  return { client, box };
}

describe("MQTT on the wire", () => {
  it("takes an empty client id with a clean session, and refuses one with a kept session", async () => {
    const { did } = served.rights.admit("sensor");
    const clean = await connectTo(served.mqtt.port, { clientId: "", username: did, password: "token-of-sensor" });
    expect(clean.connected).toBe(true);
    await clean.endAsync();
    expect(await rawConnack(connectPacket(did, "token-of-sensor", 0xc0))).toEqual([0x20, 2, 0, 2]);
    expect(await rawConnack(connectPacket(did, "token-of-sensor", 0xc2))).toEqual([0x20, 2, 0, 0]);
  });

  it("closes on bytes that are not MQTT, and serves others meanwhile", async () => {
    const watcher = await served.connect("watcher");
    const { did } = served.rights.admit("sensor");
    const connect = connectPacket(did, "token-of-sensor", 0xc2);
    for (const bytes of [
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      Buffer.from([0x00, 0x00]),
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0x30, 0x03, 0x00, 0x01, 0x61]),
      Buffer.concat([connect, Buffer.from([0x36, 0x05, 0x00, 0x01, 0x61, 0x00, 0x01])]),
      Buffer.concat([connect, Buffer.from([0x82, 0x02, 0x00, 0x01])]),
      Buffer.concat([connect, connect]),
      Buffer.concat([connect, Buffer.from([0x32, 0x05, 0x00, 0x03, 0x61, 0x2f, 0x23])]),
    ])
      await untilClosed(bytes);
    expect(watcher.connected).toBe(true);
    await watcher.subscribeAsync(`${TOPIC}/a`, { qos: 1 });
  });

  it("closes on an oversized payload, by its announced length before it came", async () => {
    const sensor = await served.connect("sensor");
    const end = closed(sensor);
    sensor.publish(`${TOPIC}/a`, Buffer.alloc(32_769, 0x31), { qos: 1 });
    await end;
    const { did } = served.rights.admit("sensor");
    // 256 MiB are announced, none is sent.
    await untilClosed(
      Buffer.concat([connectPacket(did, "token-of-sensor", 0xc2), Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f])]),
    );
    expect(served.mqtt.stats().refused["events.too-large"]).toBe(2);
    expect(logged()).toEqual([]);
  });

  it("limits connections, connections of one DID, and how fast they come", async () => {
    await reopen({ limits: { connections: 2 } });
    const [first] = [await served.connect("sensor"), await served.connect("watcher")];
    await untilClosed(Buffer.alloc(0));
    const end = closed(first);
    await first.endAsync();
    await end;
    await reopen({ limits: { connectionsOfOne: 1 } });
    await served.connect("sensor");
    await expect(served.connect("sensor", { clientId: "other" })).rejects.toMatchObject({ code: 3 });
    // Time stands still: on a busy machine, the second one could come a second later.
    await reopen({ limits: { connectsPerSecond: 1 }, clock: new ManualClock(Date.now()) });
    await served.connect("sensor");
    await untilClosed(Buffer.alloc(0));
    expect(served.mqtt.stats().refused).toEqual({ "events.too-many": 1 });
  });

  it("does not take in a connection that was reset before its CONNECT was looked at", async () => {
    const { did } = served.rights.admit("sensor");
    const bytes = connectPacket(did, "token-of-sensor", 0xc2);
    const socket = connectSocket(served.mqtt.port, "127.0.0.1", () => {
      socket.write(bytes);
      socket.resetAndDestroy();
    });
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
    // Whoever comes later is answered later.
    await served.connect("watcher");
    expect(served.lines).toEqual([{ event: "connected", did: served.rights.admit("watcher").did }]);
    expect(served.mqtt.isConnected(did)).toBe(false);
  });

  it("cuts a reader that does not read, while others are served, and keeps what its session is owed", async () => {
    await reopen({ limits: { outgoingSoftBytes: 65_536, outgoingTimeout: 1000 } });
    const { did } = served.rights.admit("watcher");
    const keeper = await served.connect("watcher", { clientId: "lazy", clean: false });
    await keeper.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    await keeper.endAsync();
    const lazy = connectSocket(served.mqtt.port, "127.0.0.1");
    lazy.on("error", () => {});
    lazy.write(connectPacket(did, "token-of-watcher", 0xc0, "lazy"));
    await new Promise((resolve) => lazy.once("data", resolve));
    lazy.pause();
    const gone = new Promise<void>((resolve) => lazy.once("close", () => resolve()));
    const busy = await served.connect("watcher", { clientId: "busy" });
    const { take } = inbox(busy);
    await busy.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    const sensor = await served.connect("sensor");
    const payload = JSON.stringify("x".repeat(30_000));
    // More than the kernel buffers for a reader that does not read.
    const count = 600;
    for (let i = 0; i < count; i += 20)
      await Promise.all(Array.from({ length: 20 }, () => sensor.publishAsync(`${TOPIC}/a`, payload, { qos: 1 })));
    await take(count);
    expect(served.mqtt.stats().refused["events.slow-reader"]).toBe(1);
    expect(served.mqtt.stats().queuedBytes).toBeGreaterThan(count * 30_000);
    lazy.resume();
    await gone;
  });

  function rawConnack(bytes: Uint8Array): Promise<number[]> {
    return new Promise((resolve, reject) => {
      const socket = connectSocket(served.mqtt.port, "127.0.0.1", () => socket.write(bytes));
      socket.once("data", (data) => {
        resolve([...data]);
        socket.destroy();
      });
      socket.once("error", reject);
    });
  }

  function untilClosed(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const socket = connectSocket(served.mqtt.port, "127.0.0.1", () => socket.write(bytes));
      socket.on("error", () => {});
      socket.on("data", () => {});
      socket.once("close", () => resolve());
    });
  }
});

/** A CONNECT packet with these flags. */
function connectPacket(username: string, password: string, flags: number, clientId = ""): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
  };
  const body = Buffer.concat([
    text("MQTT"),
    Buffer.from([4, flags, 0, 0]),
    text(clientId),
    text(username),
    text(password),
  ]);
  return Buffer.concat([Buffer.from([0x10, (body.length & 0x7f) | 0x80, body.length >> 7]), body]);
}
