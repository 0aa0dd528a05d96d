/** DID documents over HTTP, from a solo node with many DIDs in state; against Node's own server that answers a constant of the same size. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { RESOLUTION_TYPES, routeUrl } from "#protocol";
import { fillLedger } from "./fill.ts";
import { encodeGet, type LoadResult, sendAll } from "./http-load.ts";
import { createHome, startNodeProcess } from "./node-process.ts";
import { BenchReport, cpuSeconds, numberOption, progress, quantile, residentMiB } from "./report.ts";

const dids = numberOption("dids", 100_000);
const count = numberOption("requests", 200_000);
const clients = numberOption("clients", 64);

const judge = (body: string) => {
  const good = body.includes('"verificationMethod"') ? 1 : 0;
  return { good, refused: good === 0 };
};

/** Every DID about as often as any other, in no order that a cache could like. */
function requestsFor(all: readonly string[], accept: string): Buffer[] {
  let at = 1;
  return Array.from({ length: count }, () => {
    // A linear congruential generator: the same order in every run.
    at = (Math.imul(at, 1_664_525) + 1_013_904_223) >>> 0;
    return encodeGet(routeUrl("", "resolve", { did: all[at % all.length] as string }), accept);
  });
}

async function measureBare(bytes: number): Promise<LoadResult> {
  const file = fileURLToPath(new URL("./bare-http.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", file, String(bytes)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { url } = await new Promise<{ url: string }>((resolve) =>
    createInterface({ input: child.stdout }).once("line", (line) => resolve(JSON.parse(line))),
  );
  const requests = Array.from({ length: count }, () => encodeGet("/", "*/*"));
  await sendAll(url, requests.slice(0, 20_000), clients, () => ({ good: 1, refused: false }));
  const result = await sendAll(url, requests, clients, () => ({ good: 1, refused: false }));
  child.kill("SIGTERM");
  return result;
}

const report = new BenchReport("resolve");
const home = await createHome();
try {
  progress(`fill a ledger with ${dids.toLocaleString("en-GB")} DIDs`);
  const all = await fillLedger(home, dids, dids);
  const node = await startNodeProcess(home, process.env["HANSA_BENCH_NODE_ARGS"]?.split(" ") ?? []);
  const sample = await (await fetch(routeUrl(node.url, "resolve", { did: all[0] as string }))).text();
  progress(`an answer has ${sample.length} bytes; ${clients} clients ask and wait`);
  const bare = await measureBare(Buffer.byteLength(sample));
  report.add({ name: "node:http, a constant of that size", value: bare.rate, unit: "/s" });
  const health = await sendAll(
    node.url,
    Array.from({ length: count / 4 }, () => encodeGet("/health", "*/*")),
    clients,
    () => ({ good: 1, refused: false }),
  );
  report.add({ name: "GET /health of the node", value: health.rate, unit: "/s" });
  const requests = requestsFor(all, RESOLUTION_TYPES.result);
  await sendAll(node.url, requests.slice(0, 20_000), clients, judge);
  const before = cpuSeconds(node.pid);
  const result = await sendAll(node.url, requests, clients, judge);
  const cpu = cpuSeconds(node.pid) - before;
  if (result.refused > 0) throw new Error(`${result.refused} refused, the first: ${result.firstRefusal}`);
  report.add({
    name: `DID documents, ${all.length.toLocaleString("en-GB")} DIDs`,
    value: result.rate,
    unit: "/s",
    against: "node:http, a constant of that size",
    ratio: result.rate / bare.rate,
    must: "≥ 8,000/s",
    holds: result.rate >= 8000,
  });
  report.add({ name: "p50", value: quantile(result.latencies, 0.5), unit: "ms" });
  report.add({ name: "p99", value: quantile(result.latencies, 0.99), unit: "ms" });
  report.add({ name: "processor time of the node, all threads", value: (cpu * 1e6) / count, unit: "µs a document" });
  const few = all.slice(0, 1000);
  const warm = await sendAll(node.url, requestsFor(few, RESOLUTION_TYPES.document), clients, judge);
  if (warm.refused > 0) throw new Error(`${warm.refused} refused, the first: ${warm.firstRefusal}`);
  report.add({ name: "bare documents, the same 1,000 DIDs", value: warm.rate, unit: "/s" });
  report.add({ name: "memory of the node", value: residentMiB(node.pid), unit: "MiB" });
  await node.stop();
} finally {
  home.remove();
}
report.finish();
