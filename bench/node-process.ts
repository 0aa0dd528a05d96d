/** A real node in a process of its own, over a home in a temporary folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openKeyFile } from "#crypto/node";
import { homeAt, initHome } from "#node";
import { type Client, createClient, createParty, type Party } from "#sdk";

const PASSPHRASE = "bench";
const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface BenchHome {
  readonly folder: string;
  readonly groupId: string;
  readonly parties: ReadonlyMap<string, Party>;
  remove(): void;
}

/** A home with one founding member of all roles, and further keys. */
export async function createHome(extraKeys: readonly string[] = []): Promise<BenchHome> {
  const folder = mkdtempSync(join(tmpdir(), "hansa-bench-"));
  const made = await initHome({
    folder,
    passphrase: PASSPHRASE,
    alliance: "bench",
    group: "main",
    now: Date.now(),
    members: [{ name: "acme", roles: ["platform", "maker", "lab", "regulator"] }],
    parameters: { windowSeconds: 600 },
    config: { limits: { requestsPerMinute: 100_000_000, eventBytes: 32_768, connections: 10_000, waiting: 100_000 } },
  });
  const keys = await openKeyFile(homeAt(folder).keyFile, PASSPHRASE);
  for (const name of extraKeys) keys.generate(name, "Ed25519");
  const parties = new Map(["acme", ...extraKeys].map((name) => [name, createParty("bench", keys.signer(name))]));
  return { folder, groupId: made.groupId, parties, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface BenchNode {
  readonly url: string;
  readonly mqttUrl: string;
  readonly pid: number;
  /** Milliseconds from the start of the process until it served. */
  readonly started: number;
  as(name: string): Client;
  stop(): Promise<void>;
}

export async function startNodeProcess(home: BenchHome, nodeArguments: readonly string[] = []): Promise<BenchNode> {
  const began = performance.now();
  const child: ChildProcess = spawn(
    process.execPath,
    [...nodeArguments, join(ROOT, "dist", "cli", "main.js"), "up", "--json", "--home", home.folder],
    {
      env: {
        ...process.env,
        HANSA_PASSPHRASE: PASSPHRASE,
        HANSA_HTTP_PORT: "0",
        HANSA_MQTT_PORT: "0",
        HANSA_LOG_LEVEL: "warn",
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const first = await new Promise<string>((resolve, reject) => {
    lines.once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the node ended with ${code}`)));
  });
  const { url, mqttUrl } = JSON.parse(first) as { url: string; mqttUrl: string };
  return {
    url,
    mqttUrl,
    pid: child.pid as number,
    started: performance.now() - began,
    as: (name) => createClient({ url, group: home.groupId, signer: home.parties.get(name) }),
    async stop() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await gone;
    },
  };
}

/** Opens the ledger of a home that no node runs on, for filling it through the engine itself. */
export async function openHomeLedger(home: BenchHome) {
  const { Ledger } = await import("#ledger");
  const { SoloEngine } = await import("#engines");
  const { GroupStore, openDatabase } = await import("#storage");
  const { readGenesis } = await import("#node");
  const { systemClock } = await import("#base");
  const files = homeAt(home.folder).group("main");
  const keys = await openKeyFile(homeAt(home.folder).keyFile, PASSPHRASE);
  const database = openDatabase({ file: files.ledger, key: keys.dataKey("data/main") });
  const ledger = new Ledger(readGenesis(files.genesis), new GroupStore(database));
  const engine = new SoloEngine({ ledger, signer: keys.signer("engine/main"), clock: systemClock, waiting: 100_000 });
  await engine.start();
  return {
    ledger,
    engine,
    async close() {
      await engine.stop();
      database.close();
      keys.close();
    },
  };
}
