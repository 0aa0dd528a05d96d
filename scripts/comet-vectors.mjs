// Records vectors/cometbft/network.json from a real CometBFT network: headers, votes and validators over changes of the set.
//
//   HANSA_COMETBFT=cometbft node --conditions=development --import tsx scripts/comet-vectors.mjs
//
// Four nodes run CometBFT's own kvstore, which takes transactions that change validators. The chain's name is that of a Hansa group
// whose genesis names the four keys, so the light client's way from that genesis can be checked over what the network really signed.
// Keys are drawn by CometBFT and thrown away with the network: a new recording is another file.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chainIdOf, checkGenesis, DEFAULT_PARAMETERS, didOf, groupIdOf } = await import("#protocol");
const { createSigner, encodeMultikey } = await import("#crypto");

const COMETBFT = process.env.HANSA_COMETBFT ?? "cometbft";
const POWERS = [40, 30, 20, 15];
const target = new URL("../vectors/cometbft/network.json", import.meta.url);
const home = mkdtempSync(join(tmpdir(), "hansa-comet-vectors-"));
const processes = [];

const multikey = (bytes) => encodeMultikey({ algorithm: "Ed25519", bytes });
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/** Ports that were free a moment ago, all held at once so that none comes twice. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function run(...args) {
  const { status, stdout, stderr } = spawnSync(COMETBFT, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`cometbft ${args[0]}: ${stderr}${stdout}`);
  return stdout.trim();
}

async function rpc(port, path) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const { result, error } = await response.json();
  if (error !== undefined) throw new Error(`${path}: ${JSON.stringify(error)}`);
  return result;
}

/** The height once it is at least `height` and `fits`. */
async function until(port, what, fits) {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = await rpc(port, "/status").then(fits, () => undefined);
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`${what} did not come about within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

try {
  run("testnet", "--v", "5", "--o", home);
  const folders = [0, 1, 2, 3, 4].map((i) => join(home, `node${i}`));
  const keys = folders.map((folder) => readJson(join(folder, "config", "priv_validator_key.json")).pub_key.value);

  const parties = [1, 2, 3, 4].map((byte) => {
    const bytes = createSigner("Ed25519", new Uint8Array(32).fill(byte)).publicKey;
    return { did: didOf("hanse", { algorithm: "Ed25519", bytes }), publicKey: multikey(bytes) };
  });
  const genesis = checkGenesis({
    version: 1,
    alliance: "hanse",
    group: "vectors",
    time: 1_767_225_600_000,
    engine: {
      kind: "cometbft",
      validators: parties.map(({ did }, i) => ({
        member: did,
        node: multikey(createSigner("Ed25519", new Uint8Array(32).fill(101 + i)).publicKey),
        key: multikey(Buffer.from(keys[i], "base64")),
        address: `node${i}.example:7422`,
        power: POWERS[i],
      })),
    },
    members: parties.map(({ did, publicKey }, i) => ({ did, name: `Member ${i}`, roles: ["platform"], publicKey })),
    parameters: DEFAULT_PARAMETERS,
  });
  const group = groupIdOf(genesis);
  const chainId = chainIdOf(group);

  const comet = readJson(join(folders[0], "config", "genesis.json"));
  const validators = keys.slice(0, 4).map((value, i) => {
    const found = comet.validators.find(({ pub_key }) => pub_key.value === value);
    return { ...found, power: String(POWERS[i]) };
  });
  const text = JSON.stringify({ ...comet, chain_id: chainId, validators });
  const ports = await freePorts(8);
  const peers = folders
    .slice(0, 4)
    .map((folder, i) => `${run("show-node-id", "--home", folder)}@127.0.0.1:${ports[i]}`);
  folders.slice(0, 4).forEach((folder, i) => {
    writeFileSync(join(folder, "config", "genesis.json"), text);
    const config = join(folder, "config", "config.toml");
    const fast = readFileSync(config, "utf8").replace(/^timeout_commit = .*$/m, 'timeout_commit = "100ms"');
    writeFileSync(config, fast);
    const flags = [
      ["--proxy_app", "kvstore"],
      ["--p2p.laddr", `tcp://127.0.0.1:${ports[i]}`],
      ["--rpc.laddr", `tcp://127.0.0.1:${ports[4 + i]}`],
      ["--p2p.persistent_peers", peers.filter((_, other) => other !== i).join(",")],
      ["--log_level", "error"],
    ];
    processes.push(spawn(COMETBFT, ["start", "--home", folder, ...flags.flat()], { stdio: "ignore" }));
  });
  const port = ports[4];
  const send = async (key, power) => {
    const tx = `val=ed25519!${key}!${power}`;
    const { height, tx_result } = await rpc(port, `/broadcast_tx_commit?tx=0x${Buffer.from(tx).toString("hex")}`);
    if (tx_result.code !== 0) throw new Error(`the network refused ${tx}: ${tx_result.log}`);
    return Number(height);
  };
  const height = ({ sync_info }) => Number(sync_info.latest_block_height);
  const passed = (wanted) => until(port, `height ${wanted}`, (status) => height(status) >= wanted && height(status));

  await passed(3);
  // Another power, which also changes the order; a fifth validator that never votes; one of the four leaves.
  const changes = [];
  for (const [key, power] of [
    [keys[2], 50],
    [keys[4], 5],
    [keys[1], 0],
  ]) {
    const block = await send(key, power);
    changes.push(block + 1);
    await passed(block + 4);
  }
  // One of the remaining ones is gone: its vote is missing, and blocks that it should propose take a second round.
  processes[3].kill("SIGKILL");
  const stopped = (await passed(1)) + 1;
  let later = stopped;
  for (let rounds = 0; rounds === 0; later++) {
    await passed(later + 2);
    const { signed_header } = await rpc(port, `/commit?height=${later}`);
    rounds = signed_header.commit.round;
  }
  const last = later - 1;
  await passed(last + 2);
  const wanted = [...new Set([1, 2, ...changes.flatMap((at) => [at - 1, at, at + 1]), last])].sort((a, b) => a - b);
  const heights = [];
  for (const at of wanted)
    heights.push({
      commit: await rpc(port, `/commit?height=${at}`),
      validators: await rpc(port, `/validators?height=${at}&per_page=100`),
    });
  const made = {
    description:
      "Headers, votes and validators of a CometBFT network as its JSON-RPC answers them (`result` of /commit and /validators), recorded by scripts/comet-vectors.mjs. `changes`: heights whose header names another set as the next one.",
    cometbft: run("version"),
    genesis,
    group,
    chainId,
    changes,
    heights,
  };
  writeFileSync(target, `${JSON.stringify(made, undefined, 1)}\n`);
  console.log(`${target.pathname}: heights ${wanted.join(", ")}, changes at ${changes.join(", ")}`);
} finally {
  const ended = processes.map(
    (child) =>
      new Promise((resolve) =>
        (child.exitCode ?? child.signalCode) === null ? child.once("exit", resolve) : resolve(),
      ),
  );
  for (const child of processes) child.kill("SIGKILL");
  await Promise.all(ended);
  rmSync(home, { recursive: true, force: true });
}
