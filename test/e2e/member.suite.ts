/** A member's node as its own process, as operators run it: `hansa up` on a home in a temporary folder. What the end-to-end tests share. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSigner, type Signer } from "#crypto";
import { createKeyFile, type KeyFile, openKeyFile } from "#crypto/node";
import { homeAt, type InitOptions, initHome } from "#node";
import type { Operation, Receipt } from "#protocol";
import { type Client, type ClientOptions, createClient, createParty, type Party, sendOperations } from "#sdk";

export const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
export const PASSPHRASE = "correct horse battery staple 7f3a";
export const ALLIANCE = "hanse";
export const GROUP = "main";
/** Id of another group, which there is not. */
export const otherThan = (group: string) => group.replace(/.$/, (last) => (last === "x" ? "y" : "x"));

/** The least that the key file allows: dozens of starts must not be paid for with guessing costs. */
const COST = { passes: 2, memory: 19 * 2 ** 20 };

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line to its end. */
export function runHansa(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = tmpdir(),
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...cleanEnvironment(), ...env } });
    const stdout = textOf(child.stdout);
    const stderr = textOf(child.stderr);
    child.stdin.end();
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout: stdout(), stderr: stderr() }));
  });
}

/** No `HANSA_*` of whoever runs the tests reaches a node. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HANSA_")));
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString("utf8");
}

/** A node that runs. */
export interface RunningMember {
  readonly url: string;
  readonly mqttUrl: string;
  readonly member: string;
  /** Everything it wrote so far to standard output and standard error. */
  output(): string;
  /** Ends it with this signal; resolves with its exit code once it is gone. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

/**
 * Starts the node of a home and waits for the line that says where it listens.
 *
 * @param fileBytes - no file can grow beyond it: to the node, the disk is full then
 */
export function startMember(
  home: string,
  env: Readonly<Record<string, string>> = {},
  fileBytes?: number,
): Promise<RunningMember> {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build`);
  const command = [process.execPath, MAIN, "up", "--json", "--home", home] as const;
  // POSIX counts in blocks of 512 bytes; with the signal ignored a write fails as it does on a full disk.
  const limited = `trap '' XFSZ; ulimit -f ${Math.floor((fileBytes ?? 0) / 512)}; exec "$@"`;
  const [program, ...args] = fileBytes === undefined ? command : ["/bin/sh", "-c", limited, "sh", ...command];
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(program, args, {
      cwd: tmpdir(),
      env: {
        ...cleanEnvironment(),
        HANSA_PASSPHRASE: PASSPHRASE,
        HANSA_HTTP_PORT: "0",
        HANSA_MQTT_PORT: "0",
        HANSA_LOG_LEVEL: "info",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const closed = new Promise<number | null>((done) => child.once("close", done));
    const stdout = textOf(child.stdout as NodeJS.ReadableStream);
    const stderr = textOf(child.stderr as NodeJS.ReadableStream);
    child.once("error", reject);
    closed.then((code) => reject(new Error(`the node ended with ${code} before it was up:\n${stderr()}`)));
    child.stdout?.on("data", () => {
      const line = stdout().split("\n")[0];
      if (line === undefined || !stdout().includes("\n")) return;
      const { url, mqttUrl, member } = JSON.parse(line) as { url: string; mqttUrl: string; member: string };
      resolve({
        url,
        mqttUrl,
        member,
        output: () => stdout() + stderr(),
        end(signal) {
          child.kill(signal);
          return closed;
        },
      });
    });
  });
}

/** All founding members of the tests' alliance; the first runs the node and hosts the others. */
export const FOUNDERS = [
  { name: "acme", label: "Acme Home", roles: ["platform"] },
  { name: "borea", label: "Borea Living", roles: ["platform"] },
  { name: "castor", label: "Castor Devices", roles: ["maker"] },
  { name: "delphi", label: "Delphi Lab", roles: ["lab", "regulator"] },
] as const satisfies InitOptions["members"];

export type FoundingName = (typeof FOUNDERS)[number]["name"];

/** A temporary home, its keys, and the node on it as it is started, killed and started again. */
export class Alliance {
  readonly folder: string;
  readonly groupId: string;
  readonly #keys: KeyFile;
  readonly #parties = new Map<string, Party>();
  #running: RunningMember | undefined;

  private constructor(folder: string, groupId: string, keys: KeyFile) {
    this.folder = folder;
    this.groupId = groupId;
    this.#keys = keys;
  }

  static async create(options: Partial<Pick<InitOptions, "parameters" | "config" | "members" | "now">> = {}) {
    const folder = mkdtempSync(join(tmpdir(), "hansa-e2e-"));
    const { keyFile } = homeAt(folder);
    (await createKeyFile(keyFile, PASSPHRASE, { cost: COST })).close();
    const { groupId } = await initHome({
      folder,
      passphrase: PASSPHRASE,
      alliance: ALLIANCE,
      group: GROUP,
      members: FOUNDERS,
      now: Date.now(),
      ...options,
    });
    return new Alliance(folder, groupId, await openKeyFile(keyFile, PASSPHRASE));
  }

  get isUp(): boolean {
    return this.#running !== undefined;
  }

  get node(): RunningMember {
    if (this.#running === undefined) throw new Error("no node runs");
    return this.#running;
  }

  async up(env: Readonly<Record<string, string>> = {}, fileBytes?: number): Promise<RunningMember> {
    this.#running = await startMember(this.folder, env, fileBytes);
    return this.#running;
  }

  async end(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<number | null> {
    const running = this.#running;
    this.#running = undefined;
    return running === undefined ? null : running.end(signal);
  }

  /** A founding member, or anybody else: whose key is made on first use and lives in this process alone. */
  party(name: string): Party {
    let party = this.#parties.get(name);
    if (party === undefined) {
      party = createParty(ALLIANCE, this.#signer(name));
      this.#parties.set(name, party);
    }
    return party;
  }

  /** A client that signs as this party, on the node as it listens now. One try: tests see what the node says. */
  as(name: string, options: Partial<ClientOptions> = {}): Client {
    return createClient({
      url: this.node.url,
      group: this.groupId,
      signer: this.party(name),
      retry: { attempts: 1, delay: 1 },
      ...options,
    });
  }

  send(name: string, operations: readonly Operation[], also: readonly string[] = []): Promise<Receipt> {
    return sendOperations(this.as(name), operations, { signers: [name, ...also].map((other) => this.party(other)) });
  }

  /** Runs `hansa … --home` on this home. */
  hansa(...args: string[]): Promise<Finished> {
    const url: Record<string, string> = this.#running === undefined ? {} : { HANSA_URL: this.#running.url };
    return runHansa([...args, "--home", this.folder], { HANSA_PASSPHRASE: PASSPHRASE, ...url });
  }

  async remove(): Promise<void> {
    await this.end("SIGKILL");
    this.#keys.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #signer(name: string): Signer {
    if (this.#keys.list().some((entry) => entry.name === name)) return this.#keys.signer(name);
    // Devices sign with P-256, as secure elements do.
    return createSigner(name.startsWith("device/") ? "P-256" : "Ed25519");
  }
}

/** Asks again until it holds; the test's own time limit ends it where it never does. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The code with which something was refused; `accepted` where it was not. */
export async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return "accepted";
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (typeof code === "string") return code;
    throw error;
  }
}
