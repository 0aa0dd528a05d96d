import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import mqtt, { type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLogs, principalOf, temporaryFolder } from "../../log/logs.suite.ts";
import { connectTo, inbox, type Message } from "./mqtt.suite.ts";

const TOPIC = "acme/things";
const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
let folder: ReturnType<typeof temporaryFolder>;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  child?.kill("SIGKILL");
  folder.remove();
});

async function startBroker(): Promise<number> {
  const file = fileURLToPath(new URL("crash-broker.suite.ts", import.meta.url));
  const started = spawn(process.execPath, ["--conditions=development", "--import", loader, file, folder.path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = started;
  return new Promise((resolve, reject) => {
    started.stdout?.once("data", (data: Buffer) => resolve(Number(data.toString())));
    started.once("exit", (code) => reject(new Error(`the broker ended with ${code}`)));
  });
}

function killBroker(): Promise<void> {
  return new Promise((resolve) => {
    child?.removeAllListeners("exit");
    child?.once("exit", () => resolve());
    child?.kill("SIGKILL");
  });
}

const credentials = (name: string) => ({ username: principalOf(name).did, password: `token-of-${name}` });

/** A client of a kept session; its inbox listens before the first byte. */
async function keptClient(port: number, name: string): Promise<{ client: MqttClient; box: ReturnType<typeof inbox> }> {
  const client = mqtt.connect({
    host: "127.0.0.1",
    port,
    protocolVersion: 4,
    reconnectPeriod: 0,
    clientId: "kept",
    clean: false,
    ...credentials(name),
  });
  const box = inbox(client);
  client.on("error", () => {});
  await new Promise((resolve) => client.once("connect", resolve));
  return { client, box };
}

describe("a broker that is killed", () => {
  it("has every acknowledged event once, owes kept sessions all of them, and publishes the wills it was left with", async () => {
    let port = await startBroker();
    const first = await keptClient(port, "watcher");
    await first.client.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
    await first.client.endAsync();

    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const sensor = await connectTo(port, { ...credentials("sensor"), clientId: `s${round}` });
      const dying = new Promise<void>((resolve) => sensor.once("close", () => resolve()));
      sensor.on("error", () => {});
      const enough = new Promise<void>((resolve) => {
        let sent = 0;
        const publish = () => {
          const value = `"${round}-${sent++}"`;
          sensor.publish(`${TOPIC}/a`, value, { qos: sent % 2 === 0 ? 1 : 2 }, (error) => {
            if (error) return;
            acknowledged.push(value);
            if (acknowledged.length === (round + 1) * 150) resolve();
            publish();
          });
        };
        for (let i = 0; i < 30; i++) publish();
      });
      const will = { topic: `${TOPIC}/will`, payload: Buffer.from(`"will ${round}"`), qos: 1 as const, retain: false };
      const willing = await connectTo(port, { ...credentials("sensor"), clientId: `w${round}`, will });
      willing.on("error", () => {});
      await enough;
      await killBroker();
      await dying;
      sensor.end(true);
      willing.end(true);
      port = await startBroker();
    }

    const wills = ['"will 0"', '"will 1"', '"will 2"'];
    const back = await keptClient(port, "watcher");
    const due = new Set([...acknowledged, ...wills]);
    await until(back.box, (messages) => {
      const got = new Set(messages.map(({ text }) => text));
      return [...due].every((value) => got.has(value));
    });
    await back.client.endAsync();
    await killBroker();

    const open = openLogs(folder.path);
    const values = open.logs.read(TOPIC, 0, 10_000).map(({ event }) => JSON.stringify(event.data));
    open.close();
    const counts = new Map<string, number>();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect([...due].filter((value) => counts.get(value) !== 1)).toEqual([]);
  });

  it("takes a QoS 2 message once, even where its acknowledgement got lost", async () => {
    let port = await startBroker();
    const options = { ...credentials("sensor"), clientId: "kept", clean: false };
    const first = await connectTo(port, options);
    first.on("error", () => {});
    // PUBREC comes and the client is gone before it answers: it must send the same message again.
    const received = new Promise<number>((resolve) => {
      first.on("packetreceive", (packet) => {
        if (packet.cmd !== "pubrec") return;
        first.stream.destroy();
        resolve(packet.messageId ?? 0);
      });
    });
    first.publish(`${TOPIC}/a`, '"once"', { qos: 2 });
    const messageId = await received;
    await killBroker();
    port = await startBroker();
    const second = await connectTo(port, options);
    await repeat(second, messageId);
    await repeat(second, messageId);
    await second.endAsync();
    await killBroker();
    const open = openLogs(folder.path);
    expect(open.logs.read(TOPIC, 0, 10).map(({ event }) => event.data)).toEqual(["once"]);
    open.close();
  });
});

/** Sends the same QoS 2 message as a repetition and waits for its PUBREC, without releasing it. */
function repeat(client: MqttClient, messageId: number): Promise<void> {
  return new Promise((resolve) => {
    const listen = (packet: { cmd: string; messageId?: number | undefined }) => {
      if (packet.cmd !== "pubrec" || packet.messageId !== messageId) return;
      client.off("packetreceive", listen);
      resolve();
    };
    client.on("packetreceive", listen);
    const topic = Buffer.from(`${TOPIC}/a`);
    const payload = Buffer.from('"once"');
    const body = Buffer.concat([
      Buffer.from([0, topic.length]),
      topic,
      Buffer.from([messageId >> 8, messageId & 255]),
      payload,
    ]);
    // PUBLISH, DUP, QoS 2.
    client.stream.write(Buffer.concat([Buffer.from([0x3c, body.length]), body]));
  });
}

async function until(box: ReturnType<typeof inbox>, holds: (messages: Message[]) => boolean): Promise<void> {
  while (!holds(box.messages)) await box.take(box.messages.length + 1);
}
