/** Publish → command at the target's MQTT client, a thousand active linkages, a hundred events a second. */
import mqtt, { type MqttClient } from "mqtt";
import { encodeMultikey } from "#crypto";
import {
  type Contract,
  commandTopic,
  digestOf,
  fingerprintOf,
  fingerprintOfDid,
  operation,
  resultTopic,
  signAttestation,
  signCertificate,
  signConnectionToken,
} from "#protocol";
import { type Party, query, sendOperations } from "#sdk";
import { type BenchHome, type BenchNode, createHome, startNodeProcess } from "./node-process.ts";
import { BenchReport, numberOption, progress, quantile } from "./report.ts";

const linkages = numberOption("linkages", 1000);
const rate = numberOption("rate", 100);
const seconds = numberOption("seconds", 30);
const SENSORS = 10;
const names = [...Array(SENSORS).keys()].flatMap((i) => [`device/sensor-${i}`, `device/target-${i}`]);
const MODEL = "bench/one";
const now = () => Math.floor(Date.now() / 1000);

function party(home: BenchHome, name: string): Party {
  const found = home.parties.get(name);
  if (found === undefined) throw new Error(`no party ${name}`);
  return found;
}

const multikey = ({ signer }: Party) => encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey });

/** A member of all roles makes, certifies, enrols and admits twenty devices, and opens their topic. */
async function setUp(home: BenchHome, node: BenchNode): Promise<void> {
  const acme = party(home, "acme");
  const root = party(home, "root");
  const client = node.as("acme");
  const firmware = { version: "1.0", digest: digestOf({ firmware: 1 }) };
  await sendOperations(client, [
    operation("devices.addRoot", { root: multikey(root), name: "root" }),
    operation("devices.defineModel", { model: MODEL, name: "One", description: digestOf({}) }),
    operation("devices.addFirmware", { model: MODEL, ...firmware }),
    operation("devices.certify", {
      model: MODEL,
      firmware: firmware.version,
      status: "certified",
      evidence: digestOf({}),
      until: now() + 1_000_000,
    }),
    operation("topics.open", {
      topic: "acme/things",
      publish: [{ who: { devicesOf: acme.did }, at: "{device}/#" }],
      subscribe: [{ who: { did: acme.did } }],
    }),
  ]);
  for (const name of names) {
    const device = party(home, name);
    const certificate = signCertificate(
      {
        iss: acme.did,
        sub: device.did,
        key: multikey(device),
        model: MODEL,
        serial: digestOf({ name }),
        iat: now() - 10,
        exp: now() + 1_000_000,
      },
      `${acme.did}#${fingerprintOf({ algorithm: root.signer.algorithm, bytes: root.signer.publicKey })}`,
      root.signer,
    );
    const nonce = digestOf({ name, nonce: Math.random().toString() });
    await sendOperations(client, [
      operation("identity.create", { publicKey: multikey(device) }),
      operation("devices.enrol", { device: device.did, certificate, owner: acme.did }),
      operation("devices.challenge", { device: device.did, nonce }),
    ]);
    const attestation = signAttestation(
      { iss: device.did, aud: acme.did, nonce, model: MODEL, firmware, lifecycle: "production", iat: now() },
      device.kid,
      device.signer,
    );
    await sendOperations(client, [
      operation("devices.admit", { device: device.did, attestation, until: now() + 500_000 }),
    ]);
  }
}

/** Linkage i watches property p<i / sensors> of sensor i mod sensors: every event meets exactly one. */
async function propose(home: BenchHome, node: BenchNode): Promise<void> {
  const acme = party(home, "acme");
  for (let from = 0; from < linkages; from += 20) {
    const proposals = Array.from({ length: Math.min(20, linkages - from) }, (_, k) => {
      const i = from + k;
      const contract: Contract = {
        title: `linkage ${i}`,
        parties: [acme.did],
        trigger: {
          device: party(home, `device/sensor-${i % SENSORS}`).did,
          property: `p${Math.floor(i / SENSORS)}`,
          changes: true,
        },
        actions: [{ device: party(home, `device/target-${i % SENSORS}`).did, set: "state", value: i }],
        mode: "single",
        limits: { perMinute: 600, hops: 2 },
        from: now() - 10,
        until: now() + 100_000,
        nonce: `bench-${i}-${now()}`,
      };
      return operation("linkages.propose", { contract });
    });
    await sendOperations(node.as("acme"), proposals);
  }
}

async function connect(home: BenchHome, node: BenchNode, name: string): Promise<MqttClient> {
  const { did, kid, signer } = party(home, name);
  return mqtt.connectAsync(node.mqttUrl, {
    clientId: fingerprintOfDid(did),
    username: did,
    password: signConnectionToken(did, home.groupId, kid, signer, Date.now(), 3000),
    clean: true,
  });
}

const report = new BenchReport("linkage");
const home = await createHome(["root", ...names]);
const node = await startNodeProcess(home, process.env["HANSA_BENCH_NODE_ARGS"]?.split(" ") ?? []);
const clients: MqttClient[] = [];
try {
  progress("admit twenty devices");
  await setUp(home, node);
  progress(`agree on ${linkages} linkages`);
  await propose(home, node);
  const pending = new Map<number, number>();
  const latencies: number[] = [];
  for (let i = 0; i < SENSORS; i++) {
    const name = `device/target-${i}`;
    const fingerprint = fingerprintOfDid(party(home, name).did);
    const target = await connect(home, node, name);
    clients.push(target);
    await target.subscribeAsync(commandTopic(fingerprint), { qos: 1 });
    target.on("message", (_, message) => {
      const arrived = performance.now();
      const command = JSON.parse(message.toString()) as { id: string; value: number };
      const sent = pending.get(command.value);
      if (sent !== undefined) latencies.push(arrived - sent);
      pending.delete(command.value);
      target.publish(resultTopic(fingerprint), JSON.stringify({ id: command.id, outcome: "done" }), { qos: 1 });
    });
  }
  const sensors: MqttClient[] = [];
  for (let i = 0; i < SENSORS; i++) sensors.push(await connect(home, node, `device/sensor-${i}`));
  clients.push(...sensors);
  // The first value is no change: one round tells them all.
  progress("first values");
  for (let i = 0; i < linkages; i++) {
    const sensor = party(home, `device/sensor-${i % SENSORS}`);
    await (sensors[i % SENSORS] as MqttClient).publishAsync(
      `acme/things/${fingerprintOfDid(sensor.did)}/properties/p${Math.floor(i / SENSORS)}`,
      "0",
      { qos: 1 },
    );
  }
  progress(`${rate} events a second for ${seconds} s`);
  const total = rate * seconds;
  const started = performance.now();
  for (let n = 0; n < total; n++) {
    const wait = started + (n * 1000) / rate - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const i = n % linkages;
    const sensor = party(home, `device/sensor-${i % SENSORS}`);
    pending.set(i, performance.now());
    (sensors[i % SENSORS] as MqttClient).publish(
      `acme/things/${fingerprintOfDid(sensor.did)}/properties/p${Math.floor(i / SENSORS)}`,
      String(1 + Math.floor(n / linkages)),
      { qos: 1 },
    );
  }
  await new Promise((resolve) => setTimeout(resolve, 2000));
  latencies.sort((a, b) => a - b);
  report.add({
    name: "commands that arrived",
    value: latencies.length,
    unit: "",
    must: `${total}`,
    holds: latencies.length === total,
  });
  report.add({ name: "publish → command, p50", value: quantile(latencies, 0.5), unit: "ms" });
  const p95 = quantile(latencies, 0.95);
  report.add({ name: "publish → command, p95", value: p95, unit: "ms", must: "≤ 20 ms", holds: p95 <= 20 });
  report.add({ name: "publish → command, p99", value: quantile(latencies, 0.99), unit: "ms" });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const { items } = await query(node.as("acme"), "linkages.list", { limit: 1000 });
  const anchored = items.reduce((sum, linkage) => sum + linkage.done, 0);
  report.add({ name: "receipts anchored", value: anchored, unit: "", must: `${total}`, holds: anchored === total });
} finally {
  for (const client of clients) await client.endAsync(true);
  await node.stop();
  home.remove();
}
report.finish();
