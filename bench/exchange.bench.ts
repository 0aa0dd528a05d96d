/** Sealed releases of 1 KB over HTTP with all checks on, beside what signatures, key agreement and disk alone allow, measured in the same run. */
import { createCipheriv, createHash, diffieHellman, generateKeyPairSync } from "node:crypto";
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUtf8 } from "#base";
import { createSigner, encodeMultikey, randomBytes, verifySignature } from "#crypto";
import {
  createGrantId,
  DPV,
  decodeReleaseRequest,
  digestTerms,
  makeTerms,
  operation,
  type ReleaseRequest,
  signReleaseRequest,
} from "#protocol";
import { createSealingKey, type Party, putDataset, query, sendOperations, signRelease } from "#sdk";
import { encodePost, sendAll } from "./http-load.ts";
import { type BenchHome, type BenchNode, createHome, startNodeProcess } from "./node-process.ts";
import { BenchReport, cpuSeconds, numberOption, progress, quantile, residentMiB } from "./report.ts";

const count = numberOption("requests", 6_000);
const clients = numberOption("clients", 64);
const BYTES = 1024;

interface Prepared {
  readonly nonces: readonly Buffer[];
  readonly sign: (nonce: string) => string;
}

/** An owner's dataset of 1 KB, and a grant for it. */
async function prepare(home: BenchHome, node: BenchNode): Promise<Prepared> {
  const acme = node.as("acme");
  const owner = home.parties.get("owner") as Party;
  const reader = home.parties.get("reader") as Party;
  await sendOperations(
    acme,
    [owner, reader].map(({ signer }) =>
      operation("identity.create", {
        publicKey: encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey }),
      }),
    ),
  );
  const provider = (home.parties.get("acme") as Party).did;
  const dataset = "bench/one";
  const content = encodeUtf8("x".repeat(BYTES));
  await putDataset(acme, { owner: owner.did, dataset, mediaType: "text/plain", content });
  const resource = { kind: "dataset", dataset } as const;
  const terms = makeTerms(createGrantId(), {
    resource,
    purposes: [`${DPV}PaymentManagement`],
    actions: ["read"],
    jurisdictions: ["DE"],
    controller: null,
    service: null,
    categories: [],
  });
  const now = Math.floor(Date.now() / 1000);
  await sendOperations(node.as("owner"), [
    operation("grants.give", {
      grant: terms.grant,
      recipient: reader.did,
      provider,
      terms: digestTerms(terms),
      from: now - 60,
      until: now + 86_400,
      count: 1_000_000,
      delegable: 0,
    }),
  ]);
  const { request } = await signRelease(node.as("reader"), { provider, terms: [terms], action: "read" });
  const claims = decodeReleaseRequest(request).request;
  const { publicKey } = await createSealingKey();
  const wanted = JSON.stringify({ recipient: reader.did, provider, resource });
  return {
    nonces: Array.from({ length: count }, () =>
      encodePost(`/groups/${encodeURIComponent(home.groupId)}/exchange/nonce`, "application/json", wanted),
    ),
    sign: (nonce) => {
      const iat = Math.floor(Date.now() / 1000);
      const fresh: ReleaseRequest = { ...claims, nonce, epk: publicKey, iat, exp: iat + 300 };
      return signReleaseRequest(fresh, reader.kid, reader.signer);
    },
  };
}

/**
 * What no provider of this kind can do without: a signature checked and one made, a key agreement with a fresh key, and the seal. In processor time,
 * which counts on a machine with other work, too.
 *
 * @returns microseconds a release
 */
function rawCryptoCost(rounds = 2000): number {
  const signer = createSigner("Ed25519");
  const key = { algorithm: signer.algorithm, bytes: signer.publicKey };
  const message = randomBytes(1500);
  const signature = signer.sign(message);
  const recipient = generateKeyPairSync("x25519").publicKey;
  const content = randomBytes(2 * BYTES);
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) {
    verifySignature(key, message, signature);
    signer.sign(message);
    const { privateKey } = generateKeyPairSync("x25519");
    const secret = diffieHellman({ privateKey, publicKey: recipient });
    const cipher = createCipheriv("aes-256-gcm", createHash("sha256").update(secret).digest(), randomBytes(12));
    Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}

/** Bare appends of 4 KB, each made durable: what a provider without shared commits could at most do. */
function rawSyncRate(seconds = 2): number {
  const folder = mkdtempSync(join(tmpdir(), "hansa-sync-"));
  const file = openSync(join(folder, "sync"), "w");
  const page = randomBytes(4096);
  let done = 0;
  const started = performance.now();
  while (performance.now() - started < seconds * 1000) {
    writeSync(file, page);
    fsyncSync(file);
    done++;
  }
  const rate = (done * 1000) / (performance.now() - started);
  closeSync(file);
  rmSync(folder, { recursive: true, force: true });
  return rate;
}

const report = new BenchReport("exchange");
const home = await createHome(["owner", "reader"]);
try {
  progress("what cryptography and disk alone allow");
  const crypto = rawCryptoCost();
  const cryptoRow = "a signature checked, one made, X25519 and AES-256-GCM, one core";
  report.add({ name: cryptoRow, value: 1e6 / crypto, unit: "/s" });
  report.add({ name: "fsync of 4 KB, one after the other", value: rawSyncRate(), unit: "/s" });
  const node = await startNodeProcess(home, process.env["HANSA_BENCH_NODE_ARGS"]?.split(" ") ?? []);
  const prepared = await prepare(home, node);
  progress(`${clients} clients, ${count.toLocaleString("en-GB")} releases, each with a nonce of its own`);
  const nonces: string[] = [];
  const given = await sendAll(node.url, prepared.nonces, clients, (body) => {
    const nonce = /"nonce":"([A-Za-z0-9_-]+)"/.exec(body)?.[1];
    if (nonce !== undefined) nonces.push(nonce);
    return { good: nonce === undefined ? 0 : 1, refused: nonce === undefined };
  });
  if (given.refused > 0) throw new Error(`${given.refused} nonces refused, the first: ${given.firstRefusal}`);
  report.add({ name: "nonces", value: given.rate, unit: "/s" });
  const path = `/groups/${encodeURIComponent(home.groupId)}/exchange/release`;
  const requests = nonces.map((nonce) => encodePost(path, "application/jwt", prepared.sign(nonce)));
  const judge = (body: string) => {
    const good = body.includes('"sealed":"') ? 1 : 0;
    return { good, refused: good === 0 };
  };
  const warm = await sendAll(node.url, requests.slice(0, 500), clients, judge);
  const before = cpuSeconds(node.pid);
  const result = await sendAll(node.url, requests.slice(500), clients, judge);
  const cpu = cpuSeconds(node.pid) - before;
  for (const { refused, firstRefusal } of [warm, result])
    if (refused > 0) throw new Error(`${refused} refused, the first: ${firstRefusal}`);
  report.add({
    name: "sealed releases of 1 KB, all checks on",
    value: result.rate,
    unit: "/s",
    against: cryptoRow,
    ratio: (result.rate * crypto) / 1e6,
  });
  // Nonces before, releases after: a client that does both in turn gets what both cost together.
  report.add({
    name: "with the nonce, one after the other",
    value: 1 / (1 / given.rate + 1 / result.rate),
    unit: "/s",
  });
  report.add({ name: "p50", value: quantile(result.latencies, 0.5), unit: "ms" });
  report.add({ name: "p99", value: quantile(result.latencies, 0.99), unit: "ms" });
  report.add({
    name: "processor time of the node, all threads",
    value: (cpu * 1e6) / (count - 500),
    unit: "µs a release",
    against: "that of the cryptography alone",
    ratio: (cpu * 1e6) / (count - 500) / crypto,
  });
  progress("wait until the ledger knows of every one");
  const { grant } = decodeReleaseRequest(prepared.sign(nonces[0] as string)).request.terms[0] as { grant: string };
  const anchoring = performance.now();
  for (;;) {
    const { used } = await query(node.as("acme"), "grants.get", { grant });
    if (used === count) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  report.add({ name: "until the last receipt was anchored", value: performance.now() - anchoring, unit: "ms" });
  report.add({ name: "memory of the node", value: residentMiB(node.pid), unit: "MiB" });
  await node.stop();
} finally {
  home.remove();
}
report.finish();
