import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "#base";
import type { CometProcess } from "./comet-process.ts";
import {
  call,
  ENGINE,
  fileStore,
  genesisOf,
  heightOf,
  makeNode,
  makeProcess,
  put,
  type TestNode,
  tempFolder,
  until,
  WITH_ENGINE,
} from "./process.suite.ts";
import type { CometProcessExit } from "./process-options.ts";
import { decodeLastSigned } from "./vote-signer/vote-state.ts";

let folder: ReturnType<typeof tempFolder>;
const running: CometProcess[] = [];

beforeEach(() => {
  folder = tempFolder();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((comet) => comet.stop()));
  folder.remove();
});

function make(...[overrides, node]: [Parameters<typeof makeProcess>[1]?, TestNode?]) {
  const made = makeProcess(folder.path, overrides, node);
  running.push(made.comet);
  return made;
}

/** Whether a process runs: where nobody buries it, its number stays taken after its end. */
function runs(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

/** Answers once a block stands. */
const firstBlock = (comet: CometProcess) =>
  until(async () => ((await heightOf(comet.rpcSocket)) ?? 0) > 0 || undefined);

describe.skipIf(ENGINE === undefined)(`a CometBFT process${WITH_ENGINE}`, () => {
  it("makes blocks with votes of the remote signer, and has no key on disk", async () => {
    const { comet, store, options, node } = make();
    await comet.start();
    await firstBlock(comet);
    const height = await put(comet.rpcSocket, "a", "1");
    expect(decodeLastSigned(comet.chainId, store.bytes as Uint8Array).height >= BigInt(height)).toBe(true);
    const status = await call(comet.rpcSocket, "status");
    expect((status["node_info"] as { id: string }).id).toBe(comet.nodeId);
    expect((status["validator_info"] as { pub_key: { value: string } }).pub_key.value).toBe(
      Buffer.from(node.signer.publicKey).toString("base64"),
    );
    const seed = Buffer.from(options.nodeSeed);
    const files = readdirSync(options.folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    expect(files.map(({ name }) => name)).toContain("config.toml");
    for (const { parentPath, name } of files) {
      const text = readFileSync(join(parentPath, name), "latin1");
      expect(text.includes(seed.toString("latin1")) || text.includes("priv_key"), name).toBe(false);
    }
    expect(statSync(options.folder).mode & 0o077).toBe(0);
    const run = join(comet.rpcSocket, "..");
    expect(readdirSync(run)).not.toContain("node_key.json");
    expect(statSync(run).mode & 0o077).toBe(0);
    await comet.stop();
    expect(existsSync(run)).toBe(false);
    expect(comet.status()).toMatchObject({ running: false, restarts: 0 });
  });

  it("is started anew after it was killed, goes on where it was, and says so", async () => {
    const { comet, said } = make();
    await comet.start();
    await firstBlock(comet);
    const before = await put(comet.rpcSocket, "a", "1");
    const exit = new Promise((resolve) => comet.onExit(resolve));
    process.kill(comet.status().pid as number, "SIGKILL");
    expect(await exit).toMatchObject({ signal: "SIGKILL", restartIn: 1000 });
    await until(() => comet.status().restarts === 1 || undefined);
    await until(() => heightOf(comet.rpcSocket));
    expect(await put(comet.rpcSocket, "b", "2")).toBeGreaterThan(before);
    expect(said).toContainEqual(
      expect.objectContaining({ level: "error", message: "the engine's process ended by itself; it is started anew" }),
    );
  });

  it("keeps trying with pauses that grow where files are damaged, and says what to do", async () => {
    const first = make();
    await first.comet.start();
    await firstBlock(first.comet);
    await first.comet.stop();
    writeFileSync(join(first.options.folder, "data", "state.db", "CURRENT"), "MANIFEST-999999\n");
    const { comet, said } = make({ genesis: first.options.genesis }, first.node);
    const exits: CometProcessExit[] = [];
    comet.onExit((exit) => exits.push(exit));
    await comet.start();
    await until(() => exits.length === 2 || undefined);
    expect(exits.map(({ restartIn }) => restartIn)).toEqual([1000, 2000]);
    expect(exits[0]?.problem).toMatchObject({ kind: "damaged" });
    expect(exits[0]?.lines.length).toBeGreaterThan(0);
    expect(said).toContainEqual(
      expect.objectContaining({
        level: "error",
        fields: expect.objectContaining({ advice: expect.stringContaining("backup") }),
      }),
    );
  });

  it("ends the process that an earlier run left behind, and touches no other", async () => {
    const home = join(folder.path, "engine");
    const script = fileURLToPath(new URL("./orphan-maker.suite.ts", import.meta.url));
    const parent = spawn(process.execPath, ["--conditions=development", "--import", "tsx", script, folder.path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    parent.stdout.on("data", (data) => {
      said += data;
    });
    await until(() => said.includes("\n") || undefined);
    const { pid, run, genesis } = JSON.parse(said);
    const gone = once(parent, "close");
    parent.kill("SIGKILL");
    await gone;
    expect(runs(pid)).toBe(true);
    const { comet, said: told } = make(
      { voteState: fileStore(join(folder.path, "votes")), genesis },
      makeNode(Buffer.alloc(32, 1), Buffer.alloc(32, 2)),
    );
    await comet.start();
    expect(runs(pid)).toBe(false);
    expect(existsSync(run)).toBe(false);
    expect(comet.status().pid).not.toBe(pid);
    expect(existsSync(home)).toBe(true);
    expect(told).toContainEqual(expect.objectContaining({ level: "warn", fields: { pid } }));
    // What was signed last came through the kill: the only validator goes on voting.
    await until(() => heightOf(comet.rpcSocket));
    expect(await put(comet.rpcSocket, "b", "2")).toBeGreaterThan(0);
  });

  it("does not take the process that has an orphan's number by now for the orphan", async () => {
    const { comet, options } = make();
    const bystander = spawn("sleep", ["600"], { stdio: "ignore" });
    try {
      mkdirSync(options.folder, { recursive: true });
      const mark = { pid: bystander.pid, started: "another boot/1", run: "/tmp/hansa-000000000000" };
      writeFileSync(join(options.folder, "process.json"), JSON.stringify(mark));
      await comet.start();
      expect(bystander.exitCode === null && bystander.signalCode === null && runs(bystander.pid as number)).toBe(true);
    } finally {
      bystander.kill("SIGKILL");
    }
  });

  it("kills a process that does not end when it is asked to", async () => {
    const hasty: Clock = { now: () => Date.now(), after: (ms, run) => systemClock.after(ms / 50, run) };
    const { comet } = make({ clock: hasty });
    await comet.start();
    await firstBlock(comet);
    const pid = comet.status().pid as number;
    process.kill(pid, "SIGSTOP");
    await comet.stop();
    expect(runs(pid)).toBe(false);
  });

  it("connects with its peers under the id that its seed gives, and is started anew with others", async () => {
    const nodes = [makeNode(), makeNode()] as const;
    const genesis = genesisOf(nodes);
    const away = tempFolder();
    try {
      const first = make({ genesis }, nodes[0]);
      await first.comet.start();
      const peer = { node: first.comet.nodeId, host: "127.0.0.1", port: first.comet.p2pPort };
      const second = makeProcess(away.path, { genesis, peers: () => [peer] }, nodes[1]);
      running.push(second.comet);
      await second.comet.start();
      // Neither has two thirds of the votes: a block stands once they met.
      await firstBlock(first.comet);
      const { peers } = await call(first.comet.rpcSocket, "net_info");
      expect(peers).toMatchObject([{ node_info: { id: second.comet.nodeId } }]);
      await second.comet.restart();
      expect(second.comet.status()).toMatchObject({ running: true, restarts: 1 });
      await until(() => heightOf(second.comet.rpcSocket));
      expect(await put(second.comet.rpcSocket, "c", "3")).toBeGreaterThan(1);
    } finally {
      await Promise.all(running.splice(0).map((comet) => comet.stop()));
      away.remove();
    }
  });

  it("tells at once where the program cannot be started, and leaves nothing running", async () => {
    const { comet } = make({ binary: join(folder.path, "none") });
    await expect(comet.start()).rejects.toMatchObject({ code: "engine.process-failed" });
    expect(comet.status()).toMatchObject({ running: false, restarts: 0 });
  });
});
