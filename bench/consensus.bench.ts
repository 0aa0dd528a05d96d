/** Members' nodes under CometBFT against bare CometBFT with its built-in `kvstore`, on one machine, in one run. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Alliance, buildHomes, type MemberNode, startMember } from "#cli";
import { createSigner, encodeMultikey, randomBytes } from "#crypto";
import { openKeyFile } from "#crypto/node";
import { homeAt } from "#node";
import { operation, prepareClaims, routeUrl, signTransaction } from "#protocol";
import { createClient, createParty, type Party, sendOperations } from "#sdk";
import { type BareNetwork, startBareNetwork } from "./comet-network.ts";
import { encodeBatch, encodeRequest, submitAll } from "./http-load.ts";
import { BenchReport, cpuSeconds, numberOption, progress, quantile, rawVerifyRate } from "./report.ts";

const transactions = numberOption("transactions", 24_000);
const clients = numberOption("clients", 2000);
const threads = numberOption("threads", 0);
const QUIET = 40;
/** Times that members' nodes and bare nodes take turns. */
const TURNS = numberOption("turns", 4);
/** Transactions at the beginning of a turn that are not counted: whoever was paused finds its pace again. */
const RESUME = 1000;
/** Transactions before those that are measured. */
const WARM = 40_000;
const OPERATIONS = 100;
/** Transactions in one request, to bare nodes and to members' nodes alike. */
const BATCH = 50;

interface Network {
  readonly alliance: Alliance;
  readonly nodes: readonly MemberNode[];
  readonly parties: readonly Party[];
  as(index: number): ReturnType<typeof createClient>;
  stop(): Promise<void>;
}

async function startNetwork(members: number): Promise<Network> {
  const folder = mkdtempSync(join(tmpdir(), "hansa-bench-network-"));
  const alliance = await buildHomes({
    folder,
    members,
    parameters: { windowSeconds: 600 },
    config: {
      limits: { requestsPerMinute: 100_000_000, eventBytes: 32_768, connections: 10_000, waiting: 100_000 },
      signatureThreads: threads,
      log: { level: "warn" },
    },
  });
  // A program before the first node's, such as one that adds `--cpu-prof`: to see where its time goes.
  const launcher = process.env["HANSA_BENCH_LAUNCHER"];
  const nodes = alliance.homes.map((home, i) =>
    startMember(home, i === 0 && launcher !== undefined ? { launcher: [launcher] } : {}),
  );
  await Promise.all(nodes.map((node) => node.waitUp()));
  const parties: Party[] = [];
  for (const home of alliance.homes) {
    const keys = await openKeyFile(homeAt(home.folder).keyFile, home.passphrase);
    parties.push(createParty(alliance.alliance, keys.signer(home.name)));
  }
  return {
    alliance,
    nodes,
    parties,
    as: (index) =>
      createClient({ url: (nodes[index] as MemberNode).url, group: alliance.groupId, signer: parties[index] as Party }),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function createSubjects(network: Network, count: number): Promise<Party[]> {
  const subjects = Array.from({ length: count }, () => createParty(network.alliance.alliance, createSigner("Ed25519")));
  for (let from = 0; from < count; from += OPERATIONS)
    await sendOperations(
      network.as(0),
      subjects.slice(from, from + OPERATIONS).map(({ signer }) =>
        operation("identity.create", {
          publicKey: encodeMultikey({ algorithm: "Ed25519", bytes: signer.publicKey }),
        }),
      ),
    );
  return subjects;
}

/** Transactions of one operation, each subject's with one of its own DID's services. */
function signOne(network: Network, subjects: readonly Party[], count: number, round: string): string[] {
  return Array.from({ length: count }, (_, i) => {
    const subject = subjects[i % subjects.length] as Party;
    const service = { id: "home", type: "LinkedDomains", endpoint: `https://example.org/${round}/${i}` };
    const operations = [operation("identity.setService", { did: subject.did, service })];
    return signTransaction(prepareClaims(subject.did, network.alliance.groupId, operations, Date.now(), 590), [
      subject,
    ]);
  });
}

/** Transactions of many operations: a member vouches for new DIDs. */
function signMany(network: Network, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const member = network.parties[i % network.parties.length] as Party;
    const operations = Array.from({ length: OPERATIONS }, () =>
      operation("identity.create", {
        publicKey: encodeMultikey({ algorithm: "Ed25519", bytes: createSigner("Ed25519").publicKey }),
      }),
    );
    return signTransaction(prepareClaims(member.did, network.alliance.groupId, operations, Date.now(), 590), [member]);
  });
}

interface Load {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor microseconds a transaction: of the nodes, and of their CometBFT processes. */
  readonly nodeCpu: number;
  readonly cometCpu: number;
}

/** Submits to all members' nodes evenly, and waits for every receipt. */
async function submitEverywhere(
  network: Network,
  texts: readonly string[],
  connections: number,
  batch = 1,
): Promise<Load> {
  const path = routeUrl("", batch === 1 ? "submit" : "submitMany", { group: network.alliance.groupId });
  const shares = network.nodes.map((_, i) => texts.filter((__, j) => j % network.nodes.length === i));
  const pids = network.nodes.map(({ pid }) => ({ node: pid, comet: childrenOf(pid) }));
  const spent = () => ({
    node: pids.reduce((sum, { node }) => sum + cpuSeconds(node), 0),
    comet: pids.reduce((sum, { comet }) => sum + comet.reduce((own, pid) => own + cpuSeconds(pid), 0), 0),
  });
  const before = spent();
  const began = performance.now();
  const results = await Promise.all(
    shares.map((share, i) =>
      submitAll(
        (network.nodes[i] as MemberNode).url,
        batch === 1 ? share.map((text) => encodeRequest(path, text)) : batches(share, batch, path),
        Math.ceil(connections / batch / network.nodes.length),
      ),
    ),
  );
  const seconds = (performance.now() - began) / 1000;
  const after = spent();
  const refused = results.reduce((sum, result) => sum + result.refused, 0);
  if (refused > 0)
    throw new Error(`${refused} refused, the first: ${results.find((one) => one.refused > 0)?.firstRefusal}`);
  const executed = results.reduce((sum, result) => sum + result.executed, 0);
  if (executed !== texts.length) throw new Error(`${executed} of ${texts.length} were executed`);
  const latencies = Float64Array.from(results.flatMap((result) => [...result.latencies])).sort();
  return {
    rate: texts.length / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    nodeCpu: ((after.node - before.node) * 1e6) / texts.length,
    cometCpu: ((after.comet - before.comet) * 1e6) / texts.length,
  };
}

function batches(texts: readonly string[], size: number, path: string): Buffer[] {
  const requests: Buffer[] = [];
  for (let from = 0; from < texts.length; from += size)
    requests.push(encodeBatch(path, texts.slice(from, from + size)));
  return requests;
}

function childrenOf(pid: number): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const parent = Number(readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
      return parent === pid ? [Number(name)] : [];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const inAll = (loads: readonly Load[], of: (load: Load) => number) => mean(loads.map(of));

/** Four bare nodes that have found their pace, paused. */
async function startBare(report: BenchReport): Promise<BareNetwork> {
  progress("four bare CometBFT nodes with kvstore");
  const bare = await startBareNetwork(4);
  try {
    await bare.commitRate(payloads(4000), BATCH);
    const quiet = quantile(await bare.latencies(payloads(QUIET)), 0.5);
    report.add({ name: "p50 to commit at low load, kvstore", value: quiet, unit: "ms" });
    signal(bare.pids(), "SIGSTOP");
    return bare;
  } catch (error) {
    await bare.stop();
    throw error;
  }
}

/** One turn of the bare nodes: all others are paused meanwhile. */
async function measureBare(bare: BareNetwork): Promise<number> {
  signal(bare.pids(), "SIGCONT");
  await bare.commitRate(payloads(RESUME), BATCH);
  const rate = await bare.commitRate(payloads(transactions), BATCH);
  signal(bare.pids(), "SIGSTOP");
  return rate;
}

async function measureNetwork(report: BenchReport, members: number, bare?: BareNetwork): Promise<void> {
  progress(`found and start ${members} members' nodes`);
  const network = await startNetwork(members);
  const what = `${members} validators`;
  try {
    const subjects = await createSubjects(network, 500);
    progress("one client at a time");
    const quiet: number[] = [];
    for (const text of signOne(network, subjects, QUIET, "quiet")) quiet.push(await submitEverywhereOne(network, text));
    quiet.sort((a, b) => a - b);
    progress(`sign ${WARM.toLocaleString("en-GB")} transactions, and submit them: nobody counts these`);
    // An alliance runs for months: what is measured is not the first minute, in which Node still compiles.
    await submitEverywhere(network, signOne(network, subjects, WARM, "warm"), clients, BATCH);
    const everyone = network.nodes.flatMap(({ pid }) => [...childrenOf(pid), pid]);
    const loads: Load[] = [];
    const bareRates: number[] = [];
    progress(`${clients} transactions under way, ${BATCH} to a request, as the bare nodes get them`);
    // In turns: a machine that others share is not as fast now as it was a minute ago.
    for (let turn = 0; turn < (bare === undefined ? 1 : TURNS); turn++) {
      const texts = signOne(network, subjects, transactions, `turn-${turn}`);
      if (bare !== undefined) {
        signal(everyone, "SIGSTOP");
        bareRates.push(await measureBare(bare));
        signal(everyone, "SIGCONT");
        await submitEverywhere(network, signOne(network, subjects, RESUME, `resume-${turn}`), clients, BATCH);
      }
      const load = await submitEverywhere(network, texts, clients, BATCH);
      loads.push(load);
      progress(
        `${Math.round(load.rate)}/s${bare === undefined ? "" : `, kvstore before it ${Math.round(bareRates.at(-1) ?? 0)}/s`}`,
      );
    }
    const rate = 1 / inAll(loads, (load) => 1 / load.rate);
    if (bare === undefined) report.add({ name: `signed transactions, ${what}`, value: rate, unit: "/s" });
    else {
      signal(everyone, "SIGSTOP");
      bareRates.push(await measureBare(bare));
      signal(everyone, "SIGCONT");
      await stopBare(bare);
      // Each turn of the members' nodes stands between two of the bare ones.
      const turns = loads.map((load, i) => (2 * load.rate) / ((bareRates[i] as number) + (bareRates[i + 1] as number)));
      turns.forEach((ratio, i) => {
        const { rate: value } = loads[i] as Load;
        report.add({ name: `kvstore, turn ${i + 1}`, value: bareRates[i] as number, unit: "/s" });
        report.add({ name: `members' nodes, turn ${i + 1}`, value, unit: "/s", against: "kvstore around it", ratio });
      });
      report.add({ name: `kvstore, turn ${TURNS + 1}`, value: bareRates.at(-1) as number, unit: "/s" });
      report.add({ name: "kvstore", value: 1 / mean(bareRates.map((one) => 1 / one)), unit: "/s" });
      const ratio = mean(turns);
      const must = { must: "≥ 0.5", holds: ratio >= 0.5 };
      report.add({
        name: `signed transactions, ${what}`,
        value: rate,
        unit: "/s",
        against: "kvstore, mean of turns",
        ratio,
        ...must,
      });
    }
    report.add({ name: `p50 under that load, ${what}`, value: inAll(loads, ({ p50 }) => p50), unit: "ms" });
    report.add({ name: `p99 under that load, ${what}`, value: inAll(loads, ({ p99 }) => p99), unit: "ms" });
    report.add({
      name: `processor time of all nodes, ${what}`,
      value: inAll(loads, ({ nodeCpu }) => nodeCpu),
      unit: "µs a transaction",
    });
    report.add({
      name: `processor time of all CometBFT, ${what}`,
      value: inAll(loads, ({ cometCpu }) => cometCpu),
      unit: "µs a transaction",
    });
    report.add({
      name: `p50 to commit at low load, ${what}`,
      value: quantile(quiet, 0.5),
      unit: "ms",
      ...(members === 4 ? { must: "≤ 250 ms", holds: quantile(quiet, 0.5) <= 250 } : {}),
    });
    report.add({ name: `p99 to commit at low load, ${what}`, value: quantile(quiet, 0.99), unit: "ms" });
    progress("the same, each in a request of its own");
    const single = await submitEverywhere(network, signOne(network, subjects, transactions / 2, "single"), clients);
    report.add({ name: `signed transactions, one to a request, ${what}`, value: single.rate, unit: "/s" });
    report.add({ name: `p50 of these, ${what}`, value: single.p50, unit: "ms" });
    progress(`${OPERATIONS} operations to a transaction`);
    const many = await submitEverywhere(network, signMany(network, 200), 64);
    report.add({
      name: `operations, ${OPERATIONS} to a transaction, ${what}`,
      value: many.rate * OPERATIONS,
      unit: "/s",
    });
    report.add({ name: `p50 with ${OPERATIONS} operations, ${what}`, value: many.p50, unit: "ms" });
    const idle = await blocksOf(network);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const later = await blocksOf(network);
    report.add({
      name: `blocks of an idle alliance in 3 s, ${what}`,
      value: later - idle,
      unit: "",
      must: "0",
      holds: later === idle,
    });
  } finally {
    await network.stop();
  }
}

async function stopBare(bare: BareNetwork): Promise<void> {
  signal(bare.pids(), "SIGCONT");
  await bare.stop();
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) process.kill(pid, name);
}

async function submitEverywhereOne(network: Network, text: string): Promise<number> {
  const path = routeUrl("", "submit", { group: network.alliance.groupId });
  const { latencies, refused, firstRefusal } = await submitAll(
    (network.nodes[0] as MemberNode).url,
    [encodeRequest(path, text)],
    1,
  );
  if (refused > 0) throw new Error(`refused: ${firstRefusal}`);
  return latencies[0] as number;
}

/** CometBFT's height once it stands still after the last load. */
async function blocksOf(network: Network): Promise<number> {
  const read = async () => {
    const status = (await (await fetch(`${(network.nodes[0] as MemberNode).url}/status`)).json()) as {
      groups: { consensus?: { block: number } }[];
    };
    return status.groups[0]?.consensus?.block ?? 0;
  };
  let last = await read();
  for (let same = 0; same < 5; ) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const now = await read();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

const report = new BenchReport("consensus");
report.add({ name: "raw Ed25519 verify, one core", value: rawVerifyRate(), unit: "/s" });

// As large as a signed transaction of one operation.
const SIZE = 690;
let made = 0;
function payloads(count: number): string[] {
  return Array.from({ length: count }, () =>
    Buffer.from(`k${made++}=${Buffer.from(randomBytes(SIZE)).toString("hex")}`.slice(0, SIZE)).toString("base64"),
  );
}

const bare = await startBare(report);
try {
  await measureNetwork(report, 4, bare);
} finally {
  await stopBare(bare);
}
if (!process.argv.includes("--four")) await measureNetwork(report, 7);
report.finish();
