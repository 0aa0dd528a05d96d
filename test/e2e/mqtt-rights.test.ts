import { connect as openSocket } from "node:net";
import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HansaEvent, type Operation, operation, signConnectionToken } from "#protocol";
import { type EventPage, readEvents } from "#sdk";
import {
  admit,
  connect,
  furnish,
  gone,
  MODEL,
  propertyTopic,
  report,
  returnCodeOf,
  tokenOf,
  topicOf,
} from "./devices.suite.ts";
import { Alliance, until } from "./member.suite.ts";

/** Return codes of MQTT 3.1.1, table 3.1. */
const BAD_CREDENTIALS = 4;
const NOT_AUTHORISED = 5;
const OTHER_MODEL = "castor/thing-2";

let alliance: Alliance;
const open: MqttClient[] = [];

beforeAll(async () => {
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await furnish(alliance, [MODEL, OTHER_MODEL]);
  for (const name of ["device/a", "device/b"]) await admit(alliance, "acme", name);
});
afterAll(async () => {
  for (const client of open) client.end(true);
  await alliance.remove();
});

async function connected(...args: Parameters<typeof connect>): Promise<MqttClient> {
  const client = await connect(...args);
  open.push(client);
  return client;
}

let made = 0;
/** A device of its own, so that no test stands on another. */
async function newDevice(platform: "acme" | "borea" = "acme", model = MODEL): Promise<string> {
  const name = `device/new-${made++}`;
  await admit(alliance, platform, name, { model });
  return name;
}

async function logged() {
  const events: HansaEvent[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: EventPage = await readEvents(alliance.as("acme"), { topic: topicOf("acme"), from, limit: 1000 });
    for (const { event } of page.items) events.push(event);
    from = page.items.length === 0 ? undefined : page.next;
  }
  return events;
}

describe("a connection", () => {
  it("is taken with a token that the device's own key signed just now", async () => {
    expect(await returnCodeOf(alliance, "device/a")).toBe(0);
  });

  it.each<[string, () => { username?: string; password?: string }]>([
    ["no token", () => ({ password: "" })],
    ["a password that is no token", () => ({ password: "secret" })],
    ["a stale token", () => ({ password: tokenOf(alliance, "device/a", { now: Date.now() - 3_600_000 }) })],
    ["a token of tomorrow", () => ({ password: tokenOf(alliance, "device/a", { now: Date.now() + 86_400_000 }) })],
    [
      "a token for another group",
      () => ({ password: tokenOf(alliance, "device/a", { group: "hanse:other:2xGabcdefghijkmnopqrstuvwx" }) }),
    ],
    [
      "a token that another device's key signed",
      () => {
        const { did, kid } = alliance.party("device/a");
        const { signer } = alliance.party("device/b");
        return { password: signConnectionToken(did, alliance.groupId, kid, signer, Date.now(), 600) };
      },
    ],
    ["another device's token", () => ({ password: tokenOf(alliance, "device/b") })],
    ["another device's name", () => ({ username: alliance.party("device/b").did })],
    [
      "a token that lives for a day",
      () => {
        const { did, kid, signer } = alliance.party("device/a");
        return { password: signConnectionToken(did, alliance.groupId, kid, signer, Date.now(), 86_400) };
      },
    ],
  ])("is refused with %s", async (_, options) => {
    expect(await returnCodeOf(alliance, "device/a", options())).toBe(BAD_CREDENTIALS);
  });

  it("is refused to somebody whom the ledger does not know", async () => {
    expect(await returnCodeOf(alliance, "device/stranger")).toBe(BAD_CREDENTIALS);
  });
});

describe("a message", () => {
  it("is taken where the device speaks for itself, with the rights of its topic", async () => {
    const client = await connected(alliance, "device/a", { clientId: "taken" });
    await report(alliance, client, "acme", "device/a", "temperature", 21.5);
    const event = (await logged()).find(({ data }) => data === 21.5);
    expect(event).toMatchObject({ source: alliance.party("device/a").did, subject: "temperature" });
  });

  it.each<[string, () => string, string]>([
    ["in another device's name", () => propertyTopic(alliance, "acme", "device/b", "temperature"), "foreign"],
    ["in another platform's topic", () => propertyTopic(alliance, "borea", "device/a", "temperature"), "elsewhere"],
    ["in the topic's own name", () => topicOf("acme"), "root"],
    ["in a topic that nobody opened", () => "nobody/things/x", "nowhere"],
    ["in another device's results", () => "hansa/devices/3QJmV3qfvL9SuYo34YihAf3sRCW3/results", "result"],
    ["as a command", () => "hansa/devices/3QJmV3qfvL9SuYo34YihAf3sRCW3/commands", "command"],
    ["below $SYS", () => "$SYS/broker", "system"],
  ])("%s is not taken and ends the connection", async (_, topic, mark) => {
    const client = await connected(alliance, "device/a", { clientId: `not-taken-${mark}` });
    const closed = gone(client);
    client.publish(topic(), JSON.stringify({ mark }), { qos: 1 }, () => {});
    await closed;
    expect(JSON.stringify(await logged())).not.toContain(`"mark":"${mark}"`);
  });

  it("over the limit is not taken", async () => {
    const client = await connected(alliance, "device/a", { clientId: "oversize" });
    const closed = gone(client);
    client.publish(propertyTopic(alliance, "acme", "device/a", "big"), "x".repeat(60_000), { qos: 1 }, () => {});
    await closed;
    expect((await logged()).some(({ subject }) => subject === "big")).toBe(false);
  });

  it("is not subscribed to without the right", async () => {
    const client = await connected(alliance, "device/a", { clientId: "nosy" });
    for (const filter of [
      "#",
      "+/things/#",
      `${topicOf("acme")}/#`,
      propertyTopic(alliance, "acme", "device/b", "temperature"),
      "hansa/devices/+/commands",
      "$SYS/#",
    ]) {
      const granted = await client.subscribeAsync(filter, { qos: 1 }).catch(() => [{ qos: 128 }]);
      expect(
        granted.map(({ qos }) => qos),
        filter,
      ).toEqual([128]);
    }
  });
});

/** Sends bytes and resolves when the broker has closed the connection. */
function sendBytes(...parts: readonly Uint8Array[]): Promise<void> {
  const { hostname, port } = new URL(alliance.node.mqttUrl);
  return new Promise((resolve) => {
    const socket = openSocket(Number(port), hostname, () => {
      for (const part of parts) socket.write(part);
    });
    socket.on("data", () => {});
    socket.on("error", () => {});
    socket.once("close", () => resolve());
  });
}

describe("what is no MQTT", () => {
  it.each<[string, Uint8Array]>([
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nhost: a\r\n\r\n")],
    ["zeros", new Uint8Array(64)],
    ["a length without end", Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)],
    ["a length of 256 MB", Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0x7f)],
    ["a CONNECT of another protocol", Uint8Array.of(0x10, 12, 0, 4, 0x58, 0x58, 0x58, 0x58, 4, 2, 0, 60, 0, 0)],
    ["a PUBLISH before CONNECT", Uint8Array.of(0x30, 5, 0, 1, 0x61, 0x62, 0x63)],
    ["a CONNECT with its reserved bit set", Uint8Array.of(0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 3, 0, 60, 0, 0)],
  ])("%s ends its own connection and nobody else's", async (_, bytes) => {
    const other = await connected(alliance, "device/b", { clientId: `bystander-${made++}` });
    await sendBytes(bytes);
    await report(alliance, other, "acme", "device/b", "alive", true);
    expect(other.connected).toBe(true);
  });
});

describe("a slow reader", () => {
  it("does not stop those who publish, nor those who read", async () => {
    const slow = await connected(alliance, "acme", { clientId: "slow" });
    await slow.subscribeAsync(`${topicOf("acme")}/#`, { qos: 0 });
    (slow.stream as unknown as { pause(): void }).pause();
    const quick = await connected(alliance, "acme", { clientId: "quick" });
    let received = 0;
    quick.on("message", (topic) => {
      if (topic.endsWith("/load")) received++;
    });
    await quick.subscribeAsync(`${topicOf("acme")}/#`, { qos: 1 });
    const speaker = await connected(alliance, "device/b", { clientId: "speaker" });
    const payload = "x".repeat(16_000);
    const count = 1200;
    for (let sent = 0; sent < count; sent += 20)
      await Promise.all(
        Array.from({ length: 20 }, () => report(alliance, speaker, "acme", "device/b", "load", payload)),
      );
    await until(() => received === count);
  });
});

describe("a right that a block takes away", () => {
  /** An open connection is closed by the block, and the next one refused with this code. */
  async function isCutOff(name: string, cut: () => Promise<unknown>): Promise<void> {
    const client = await connected(alliance, name, { clientId: `cut-${made++}` });
    const closed = gone(client);
    await cut();
    await closed;
    expect(await returnCodeOf(alliance, name)).not.toBe(0);
  }
  const send = (name: string, op: Operation) => () => alliance.send(name, [op]);

  it("ends a revoked device's connection at once", async () => {
    const name = await newDevice();
    const { did } = alliance.party(name);
    await isCutOff(name, send("delphi", operation("devices.revoke", { device: did, reason: "unsafe" })));
  });

  it("ends a quarantined device's connection at once", async () => {
    const name = await newDevice();
    const { did } = alliance.party(name);
    await isCutOff(name, send("acme", operation("devices.quarantine", { device: did, reason: "odd" })));
  });

  it("ends the connection of a device whose key was removed or whose DID was deactivated", async () => {
    const name = await newDevice();
    const { did, kid } = alliance.party(name);
    await isCutOff(name, send(name, operation("identity.deactivate", { did })));
    expect(kid).toContain(did);
    expect(await returnCodeOf(alliance, name)).toBe(BAD_CREDENTIALS);
  });

  it("ends the connections of every device of a recalled model, on both platforms, and of no other model", async () => {
    const names = [
      await newDevice("acme", OTHER_MODEL),
      await newDevice("acme", OTHER_MODEL),
      await newDevice("borea", OTHER_MODEL),
    ];
    const clients = await Promise.all(names.map((name) => connected(alliance, name)));
    const other = await connected(alliance, "device/b", { clientId: "not-recalled" });
    const closed = clients.map(gone);
    await alliance.send("castor", [operation("devices.recall", { model: OTHER_MODEL, reason: "overheats" })]);
    await Promise.all(closed);
    for (const name of names) expect(await returnCodeOf(alliance, name)).not.toBe(0);
    await report(alliance, other, "acme", "device/b", "alive", true);
    await alliance.send("castor", [operation("devices.liftRecall", { model: OTHER_MODEL })]);
    expect(await returnCodeOf(alliance, names[0] as string)).toBe(0);
  });

  it("ends publishing from the block that changes the topic's rules, on the open connection", async () => {
    const topic = "acme/rules";
    const { did } = alliance.party("acme");
    const rules = [{ who: { did } }];
    await alliance.send("acme", [operation("topics.open", { topic, publish: rules, subscribe: rules })]);
    const client = await connected(alliance, "acme", { clientId: "rules" });
    await client.publishAsync(`${topic}/x`, "1", { qos: 1 });
    await alliance.send("acme", [operation("topics.change", { topic, publish: [], subscribe: rules })]);
    const closed = gone(client);
    client.publish(`${topic}/x`, "2", { qos: 1 }, () => {});
    await closed;
    const { items } = await readEvents(alliance.as("acme"), { topic, from: 0 });
    expect(items).toHaveLength(1);
  });

  it("ends a suspended member's connections, until it is reinstated", async () => {
    const change = (kind: "suspend" | "reinstate") => ({ kind, member: alliance.party("borea").did }) as const;
    const vote = async (kind: "suspend" | "reinstate") => {
      const receipt = await alliance.send("acme", [operation("members.propose", { change: change(kind) })]);
      const proposal = Number(receipt.facts.find(({ fact }) => fact === "members.proposed")?.data["proposal"]);
      const voters = kind === "suspend" ? ["castor", "delphi"] : ["castor"];
      for (const voter of voters) await alliance.send(voter, [operation("members.approve", { proposal })]);
    };
    const client = await connected(alliance, "borea", { clientId: "suspended" });
    const closed = gone(client);
    await vote("suspend");
    await closed;
    expect([BAD_CREDENTIALS, NOT_AUTHORISED]).toContain(await returnCodeOf(alliance, "borea"));
    await vote("reinstate");
    expect(await returnCodeOf(alliance, "borea")).toBe(0);
  });
});

describe("a persistent session", () => {
  it("survives the node's SIGKILL with its subscriptions and all that waited in it, once and in order", async () => {
    const session = { clientId: "kept", clean: false };
    const reader = await connected(alliance, "acme", session);
    await reader.subscribeAsync(`${topicOf("acme")}/#`, { qos: 1 });
    await reader.endAsync();
    const speaker = await connected(alliance, "device/a", { clientId: "before" });
    for (let n = 0; n < 20; n++) await report(alliance, speaker, "acme", "device/a", "waits", n);
    await alliance.end("SIGKILL");
    await alliance.up({ HANSA_LOG_LEVEL: "warn" });
    const heard: number[] = [];
    await connected(alliance, "acme", session, (topic, payload) => {
      if (topic.endsWith("/waits")) heard.push(Number(payload.toString()));
    });
    await until(() => heard.length === 20);
    const later = await connected(alliance, "device/a", { clientId: "after" });
    await report(alliance, later, "acme", "device/a", "waits", 20);
    await until(() => heard.includes(20));
    expect(heard).toEqual(Array.from({ length: 21 }, (_, n) => n));
  });
});
