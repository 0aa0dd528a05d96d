/** Nodes as processes of their own, as operators run them: `hansa up` on each home. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HansaError } from "#base";
import { cliError } from "../errors.ts";
import type { MemberHome } from "./build-homes.ts";

// `src/cli/devnet` and `dist/cli/devnet` lie equally deep below the package.
const PROGRAM = fileURLToPath(new URL("../../../bin/hansa.js", import.meta.url));
/** Longest that a node may take until it serves, and until it ends after it was told to, milliseconds. */
const PATIENCE = 90_000;
const STOP_PATIENCE = 30_000;
const LOG_TAIL = 4_000;

export interface NodeOptions {
  /** Beyond the surroundings, none of whose `HANSA_*` reach the node but HANSA_COMETBFT. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** A program that becomes the node's, and its arguments up to there: `ip netns exec <name>`. */
  readonly launcher?: readonly string[] | undefined;
}

/** A node's process. */
export interface MemberNode {
  readonly home: MemberHome;
  readonly url: string;
  readonly mqttUrl: string;
  readonly pid: number;
  /** File to which it logs; a restart goes on with it. */
  readonly logFile: string;
  /** Resolves once it serves. @throws HansaError why it ended before, or `cli.devnet-failed` */
  waitUp(): Promise<void>;
  /** Sends a signal; says nothing of what comes of it. */
  kill(signal: NodeJS.Signals): void;
  /** Ends it as an operator would, and by force where that takes too long. Resolves with its exit code once it is gone. */
  stop(): Promise<number | null>;
  /** Resolves once it is gone: exit code, or `null` where a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly running: boolean;
}

/**
 * Starts the node of a home. The passphrase goes through its environment.
 *
 * @example
 * ```ts
 * const node = startMember(home);
 * await node.waitUp();
 * node.kill("SIGSTOP");
 * await node.stop();
 * ```
 */
export function startMember(home: MemberHome, options: NodeOptions = {}): MemberNode {
  const logFile = join(home.folder, "node.log");
  const log = openSync(logFile, "a", 0o600);
  let child: ChildProcess;
  try {
    const command = [...(options.launcher ?? []), process.execPath, PROGRAM, "up", "--json", "--home", home.folder];
    child = spawn(command[0] as string, command.slice(1), {
      cwd: home.folder,
      env: { ...environment(), HANSA_PASSPHRASE: home.passphrase, ...options.env },
      stdio: ["ignore", "pipe", log],
    });
  } finally {
    closeSync(log);
  }
  let running = true;
  const ended = new Promise<number | null>((resolve) => {
    const end = (code: number | null) => {
      running = false;
      resolve(code);
    };
    child.once("exit", end);
    child.once("error", () => end(null));
  });
  const up = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(failure(home, logFile, "is not up in time")), PATIENCE);
    let said = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      if (said.includes("\n")) return;
      said += text;
      if (said.includes("\n")) resolve();
    });
    void ended.then((code) => reject(failure(home, logFile, `ended with ${code}`)));
    void ended.finally(() => clearTimeout(timer));
    child.stdout?.once("data", () => clearTimeout(timer));
  });
  up.catch(() => undefined);
  return {
    home,
    url: home.url,
    mqttUrl: `mqtt://${new URL(home.url).hostname}:${home.ports.mqtt}`,
    pid: child.pid ?? 0,
    logFile,
    waitUp: () => up,
    kill: (signal) => void child.kill(signal),
    async stop() {
      // A paused process hears nothing.
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
    ended,
    get running() {
      return running;
    },
  };
}

function environment(): NodeJS.ProcessEnv {
  const engine = process.env["HANSA_COMETBFT"];
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HANSA_"))),
    // The node runs in another folder.
    ...(engine === undefined || engine === "" ? {} : { HANSA_COMETBFT: resolve(engine) }),
  };
}

/** Why a node is not there: its own error where it told one, else the end of its log. */
function failure(home: MemberHome, logFile: string, what: string): HansaError {
  const lines = readFileSync(logFile, "utf8").slice(-LOG_TAIL).trimEnd().split("\n");
  for (const line of lines.reverse()) {
    const told = errorIn(line);
    if (told !== undefined)
      return new HansaError(told.code, `${home.name}: ${told.message}`, { member: home.name }, { advice: told.advice });
  }
  return cliError("cli.devnet-failed", `the node of ${home.name} ${what}; its log is ${logFile}`, {
    member: home.name,
    path: logFile,
  });
}

interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly advice?: string;
}

/** `hansa --json` tells an error as `{"error":{…}}`. */
function errorIn(line: string): ToldError | undefined {
  if (!line.startsWith('{"error":')) return undefined;
  try {
    const { error } = JSON.parse(line) as { readonly error?: Partial<ToldError> };
    return typeof error?.code === "string" && typeof error.message === "string" ? (error as ToldError) : undefined;
  } catch {
    return undefined;
  }
}
