/** QoS 1, 128 bytes, 8 publishers, 1 subscriber: durable and checkpointed here, against bare aedes without storage under the same load program. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { operation, signConnectionToken } from "#protocol";
import { query, sendOperations } from "#sdk";
import { type Login, publish, subscribe } from "./mqtt-load.ts";
import { createHome, startNodeProcess } from "./node-process.ts";
import { BenchReport, numberOption, progress, residentMiB } from "./report.ts";

const PUBLISHERS = 8;
const messages = numberOption("messages", 160_000);
const window = numberOption("window", 64);
const payload = Buffer.alloc(128, "x");

/** Messages a second at the subscriber, from the first publish to the last receipt. */
async function measure(url: string, login: (name: string) => Login, topic: string, count: number): Promise<number> {
  let arrived: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const subscriber = await subscribe(url, login("subscriber"), `${topic}/#`, count, () => arrived());
  const started = performance.now();
  await Promise.all(
    Array.from({ length: PUBLISHERS }, (_, i) =>
      publish(url, login(`publisher-${i}`), `${topic}/p${i}`, payload, count / PUBLISHERS, window),
    ),
  );
  await all;
  const seconds = (performance.now() - started) / 1000;
  subscriber.close();
  return count / seconds;
}

async function measureBare(count: number): Promise<number> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", fileURLToPath(new URL("./bare-aedes.ts", import.meta.url))],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const line = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
  const { mqttUrl } = JSON.parse(line) as { mqttUrl: string };
  await measure(mqttUrl, (clientId) => ({ clientId }), "acme/warm", count / 8);
  const rate = await measure(mqttUrl, (clientId) => ({ clientId }), "acme/load", count);
  child.kill("SIGTERM");
  return rate;
}

const report = new BenchReport("events");
progress("bare aedes");
const bare = await measureBare(messages);
report.add({ name: "bare aedes, no storage", value: bare, unit: "/s" });

const home = await createHome();
const node = await startNodeProcess(home, process.env["HANSA_BENCH_NODE_ARGS"]?.split(" ") ?? []);
try {
  const acme = home.parties.get("acme");
  if (acme === undefined) throw new Error("no founding member");
  for (const topic of ["acme/warm", "acme/load"])
    await sendOperations(node.as("acme"), [
      operation("topics.open", {
        topic,
        publish: [{ who: { did: acme.did } }],
        subscribe: [{ who: { did: acme.did } }],
      }),
    ]);
  const login = (clientId: string): Login => ({
    clientId,
    username: acme.did,
    password: signConnectionToken(acme.did, home.groupId, acme.kid, acme.signer, Date.now(), 600),
  });
  progress("hansa");
  await measure(node.mqttUrl, login, "acme/warm", messages / 8);
  const rate = await measure(node.mqttUrl, login, "acme/load", messages);
  report.add({
    name: "hansa, durable and checkpointed",
    value: rate,
    unit: "/s",
    against: "bare aedes, no storage",
    ratio: rate / bare,
    must: "≥ 0.5",
    holds: rate / bare >= 0.5,
  });
  report.add({ name: "memory of the node", value: residentMiB(node.pid), unit: "MiB" });
  const deadline = Date.now() + 20_000;
  let anchored = 0;
  while (anchored < messages && Date.now() < deadline) {
    anchored = (await query(node.as("acme"), "topics.get", { topic: "acme/load" })).checkpoint?.size ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  report.add({
    name: "events under the anchored checkpoint",
    value: anchored,
    unit: "",
    must: "all",
    holds: anchored === messages,
  });
} finally {
  await node.stop();
  home.remove();
}
report.finish();
