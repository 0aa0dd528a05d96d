/** Signed one-operation transactions (register a DID service), durable, submit and wait, many clients in another process than the node. */
import { createSigner, encodeMultikey } from "#crypto";
import { operation, prepareClaims, routeUrl, signTransaction } from "#protocol";
import { createParty, type Party, sendOperations } from "#sdk";
import { fillLedger } from "./fill.ts";
import { encodeRequest, submitAll } from "./http-load.ts";
import { type BenchHome, type BenchNode, createHome, startNodeProcess } from "./node-process.ts";
import { BenchReport, cpuSeconds, numberOption, progress, quantile, rawVerifyRate, residentMiB } from "./report.ts";

const BASE_RECORDS = 10_000;
const records = numberOption("records", BASE_RECORDS);
const transactions = numberOption("transactions", 60_000);
const clients = numberOption("clients", 256);

async function createSubjects(node: BenchNode, count: number): Promise<Party[]> {
  const subjects = Array.from({ length: count }, () => createParty("bench", createSigner("Ed25519")));
  for (let from = 0; from < count; from += 100)
    await sendOperations(
      node.as("acme"),
      subjects.slice(from, from + 100).map(({ signer }) =>
        operation("identity.create", {
          publicKey: encodeMultikey({ algorithm: "Ed25519", bytes: signer.publicKey }),
        }),
      ),
    );
  return subjects;
}

function signRequests(home: BenchHome, subjects: readonly Party[], count: number, round: string): Buffer[] {
  const path = routeUrl("", "submit", { group: home.groupId });
  return Array.from({ length: count }, (_, i) => {
    const subject = subjects[i % subjects.length] as Party;
    const service = { id: "home", type: "LinkedDomains", endpoint: `https://example.org/${round}/${i}` };
    const claims = prepareClaims(
      subject.did,
      home.groupId,
      [operation("identity.setService", { did: subject.did, service })],
      Date.now(),
      590,
    );
    return encodeRequest(path, signTransaction(claims, [subject]));
  });
}

interface Measured {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly memory: number;
  readonly started: number;
  /** Microseconds a transaction. */
  readonly cpu: number;
  readonly perBlock: number;
  /** Microseconds a transaction, of the load program. */
  readonly clientCpu: number;
}

async function measure(count: number): Promise<Measured> {
  const home = await createHome();
  try {
    progress(`fill a ledger with ${count.toLocaleString("en-GB")} records`);
    await fillLedger(home, count);
    const node = await startNodeProcess(home, process.env["HANSA_BENCH_NODE_ARGS"]?.split(" ") ?? []);
    progress(
      `the node is up after ${(node.started / 1000).toFixed(1)} s; sign ${transactions.toLocaleString("en-GB")} transactions`,
    );
    const subjects = await createSubjects(node, 500);
    await submitAll(node.url, signRequests(home, subjects, 5000, "warm"), clients);
    const requests = signRequests(home, subjects, transactions, "run");
    progress(`${clients} clients submit and wait`);
    const clientBefore = process.cpuUsage();
    const cpuBefore = cpuSeconds(node.pid);
    const result = await submitAll(node.url, requests, clients);
    const cpu = cpuSeconds(node.pid) - cpuBefore;
    const client = process.cpuUsage(clientBefore);
    const clientCpu = (client.user + client.system) / transactions;
    if (result.refused > 0) throw new Error(`${result.refused} refused, the first: ${result.firstRefusal}`);
    const memory = residentMiB(node.pid);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    const totalOf = (name: string) =>
      Number(new RegExp(`^hansa_engine_${name}_total\\{.*\\} (\\d+)$`, "m").exec(metrics)?.[1]);
    const perBlock = totalOf("transactions") / totalOf("blocks");
    await node.stop();
    return {
      rate: result.rate,
      p50: quantile(result.latencies, 0.5),
      p99: quantile(result.latencies, 0.99),
      memory,
      started: node.started,
      cpu: (cpu * 1e6) / transactions,
      perBlock,
      clientCpu,
    };
  } finally {
    home.remove();
  }
}

const report = new BenchReport("ledger");
const raw = rawVerifyRate();
report.add({ name: "raw Ed25519 verify, one core", value: raw, unit: "/s" });
const base = await measure(BASE_RECORDS);
report.add({
  name: `transactions at ${BASE_RECORDS.toLocaleString("en-GB")} records`,
  value: base.rate,
  unit: "/s",
  against: "raw Ed25519 verify, one core",
  ratio: base.rate / raw,
  must: "≥ 6,000/s and ≥ 0.25",
  holds: base.rate >= 6000 && base.rate / raw >= 0.25,
});
report.add({ name: "p50, submit to receipt", value: base.p50, unit: "ms" });
report.add({ name: "p99, submit to receipt", value: base.p99, unit: "ms" });
report.add({ name: "transactions a block", value: base.perBlock, unit: "" });
report.add({ name: "processor time of the node, all threads", value: base.cpu, unit: "µs a transaction" });
report.add({ name: "processor time of the load program", value: base.clientCpu, unit: "µs a transaction" });
report.add({ name: "memory of the node", value: base.memory, unit: "MiB" });
if (records > BASE_RECORDS) {
  const many = await measure(records);
  const label = records.toLocaleString("en-GB");
  report.add({
    name: `transactions at ${label} records`,
    value: many.rate,
    unit: "/s",
    against: `transactions at ${BASE_RECORDS.toLocaleString("en-GB")} records`,
    ratio: many.rate / base.rate,
    must: "≥ 0.7",
    holds: many.rate / base.rate >= 0.7,
  });
  report.add({ name: `p50 at ${label} records`, value: many.p50, unit: "ms" });
  report.add({ name: `p99 at ${label} records`, value: many.p99, unit: "ms" });
  report.add({ name: `memory at ${label} records`, value: many.memory, unit: "MiB" });
  report.add({
    name: `start with ${label} records`,
    value: many.started / 1000,
    unit: "s",
    must: "≤ 20 s",
    holds: many.started <= 20_000,
  });
}
report.finish();
