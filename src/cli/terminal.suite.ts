import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Io, runCli } from "#cli";
import { createKeyFile } from "#crypto/node";
import { KEY_FILE } from "./home/identities.ts";

export const PASSPHRASE = "a passphrase of several words";
/** 2026-01-01T00:00:00Z */
export const NOW = 1_767_225_600_000;

export interface RunOptions {
  readonly env?: Record<string, string | undefined>;
  readonly terminal?: boolean;
  readonly columns?: number;
  /** What the user types when asked for a passphrase; no terminal to ask at, where left out. */
  readonly typed?: readonly string[];
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds; `NOW` where left out. */
  readonly now?: number;
}

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
  readonly json: unknown;
  readonly asked: readonly string[];
}

/** A folder to work in, and a way to run commands in it as a shell would. */
export async function openTerminal() {
  const cwd = await mkdtemp(join(tmpdir(), "hansa-cli-"));
  return {
    cwd,
    close: () => rm(cwd, { recursive: true, force: true }),
    /** A home with keys of these names, and a cheap passphrase hash. */
    async makeKeys(...names: readonly string[]): Promise<void> {
      await mkdir(join(cwd, ".hansa"), { recursive: true });
      const cost = { passes: 2, memory: 19 * 2 ** 20 };
      const keys = await createKeyFile(join(cwd, ".hansa", KEY_FILE), PASSPHRASE, { cost });
      for (const name of names) keys.generate(name, "Ed25519");
      keys.close();
    },
    async run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
      let out = "";
      let err = "";
      const asked: string[] = [];
      const typed = [...(options.typed ?? [])];
      const isTerminal = options.terminal === true;
      const columns = options.columns ?? 200;
      const io: Io = {
        stdout: {
          write(text) {
            out += text;
          },
          isTerminal,
          columns,
        },
        stderr: {
          write(text) {
            err += text;
          },
          isTerminal,
          columns,
        },
        env: { HANSA_PASSPHRASE: options.typed === undefined ? PASSPHRASE : undefined, ...options.env },
        cwd,
        now: () => options.now ?? NOW,
        async askSecret(question) {
          asked.push(question);
          return typed.shift();
        },
        readInput: async () => new TextEncoder().encode(options.input ?? ""),
        signal: options.signal ?? new AbortController().signal,
      };
      const exit = await runCli(argv, io);
      return {
        exit,
        out,
        err,
        asked,
        get json() {
          return JSON.parse(out);
        },
      };
    },
  };
}

export type Terminal = Awaited<ReturnType<typeof openTerminal>>;
