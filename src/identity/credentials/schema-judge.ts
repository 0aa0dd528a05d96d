import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import type { JsonObject } from "#base";

/** Dialects of JSON Schema that are known here. */
export type SchemaDialect = "2020-12" | "draft-07";

/**
 * What comes of holding a value against a schema: it fits or does not, the schema is none (or asks for something without end), it takes
 * longer than it may, or too many others wait.
 */
export type Verdict = "fits" | "unfit" | "no-schema" | "too-long" | "busy";

/** Milliseconds for one schema, the compiling of it included; and how many may wait. */
const LIMITS = { time: 1000, waiting: 100 } as const;
/** Of the process, megabytes. A thread would not do: one that uses its memory up takes all of Node 20 along. */
const MEMORY = 64;

// A schema is a program: its patterns can try for ever, its references lead back to themselves, and Ajv makes code of it. So it runs in a
// process of its own, with little memory, none of our secrets and nothing of our environment, that is killed where it takes too long. Whose
// parent is gone has a thread that ends it, whatever it is at.
const JUDGE = `
const { Worker } = require("node:worker_threads");
const [parent, formatsFile, latestFile, ajvFile] = process.argv.slice(1);
const formats = require(formatsFile).default;
const dialects = { "2020-12": require(latestFile).Ajv2020, "draft-07": require(ajvFile).Ajv };
const KEPT = 128;
const kept = new Map();
function compile(dialect, text) {
  const name = dialect + text;
  const known = kept.get(name);
  if (known !== undefined) return known;
  // One for each schema: ids must not meet, and nothing of one is to be referred to by another.
  const ajv = new dialects[dialect]({ strict: false, logger: false });
  formats(ajv);
  const validate = ajv.compile(JSON.parse(text));
  // Ajv's own: such a schema would answer later, or never.
  if ("$async" in validate) throw new Error("$async");
  if (kept.size >= KEPT) kept.delete(kept.keys().next().value);
  kept.set(name, validate);
  return validate;
}
process.on("message", ({ dialect, text, value }) => {
  let verdict = "no-schema";
  try {
    verdict = compile(dialect, text)(value) === true ? "fits" : "unfit";
  } catch {}
  process.send(verdict);
});
process.on("disconnect", () => process.exit());
const watch = "setInterval(() => process.ppid === " + Number(parent) + " || process.kill(process.pid, 'SIGKILL'), 1000)";
const watcher = new Worker(watch, { eval: true });
watcher.once("online", () => process.send("ready"));
watcher.unref();
`;

interface Case {
  readonly dialect: SchemaDialect;
  readonly text: string;
  readonly value: JsonObject;
  readonly answer: (verdict: Verdict) => void;
}

/** Holds values against JSON Schemas of strangers, one after the other, in a process of its own that starts with the first one. */
export class SchemaJudge {
  readonly #waiting: Case[] = [];
  readonly #time: number;
  readonly #most: number;
  #process: ChildProcess | undefined;
  #ready = false;
  #current: Case | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(limits: { readonly time?: number; readonly waiting?: number } = {}) {
    this.#time = limits.time ?? LIMITS.time;
    this.#most = limits.waiting ?? LIMITS.waiting;
  }

  /**
   * @param text - JSON text of the schema, without `$schema`
   * @example
   * ```ts
   * const judge = new SchemaJudge();
   * await judge.judge("2020-12", '{"type":"object","required":["id"]}', { id: "urn:a" }); // "fits"
   * await judge.close();
   * ```
   */
  judge(dialect: SchemaDialect, text: string, value: JsonObject): Promise<Verdict> {
    if (this.#closed || this.#waiting.length >= this.#most) return Promise.resolve("busy");
    return new Promise((answer) => {
      this.#waiting.push({ dialect, text, value, answer });
      this.#next();
    });
  }

  /** Ends the process. Who waits, and who comes after it, hears `busy`. */
  async close(): Promise<void> {
    this.#closed = true;
    const ended = this.#end();
    this.#answer("busy");
    for (const { answer } of this.#waiting.splice(0)) answer("busy");
    await ended;
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const next = this.#waiting.shift();
    if (next === undefined) {
      // An idle one keeps nobody alive.
      this.#process?.unref();
      this.#process?.channel?.unref();
      return;
    }
    this.#current = next;
    this.#process ??= this.#start();
    this.#process.ref();
    this.#process.channel?.ref();
    if (this.#ready) this.#ask(this.#process, next);
  }

  #ask(child: ChildProcess, { dialect, text, value }: Case): void {
    // Where it cannot be told any more, its end is heard of as well.
    child.send({ dialect, text, value }, () => {});
    this.#deadline = setTimeout(() => this.#lost(child), this.#time);
  }

  #answer(verdict: Verdict): void {
    clearTimeout(this.#deadline);
    const done = this.#current;
    this.#current = undefined;
    done?.answer(verdict);
  }

  /** It takes too long, or has ended. */
  #lost(child: ChildProcess): void {
    if (this.#process !== child) return;
    void this.#end();
    this.#answer("too-long");
    this.#next();
  }

  async #end(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    this.#ready = false;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  #start(): ChildProcess {
    const { resolve } = createRequire(import.meta.url);
    const files = ["ajv-formats", "ajv/dist/2020.js", "ajv"].map((name) => resolve(name));
    const arguments_ = [`--max-old-space-size=${MEMORY}`, "--eval", JUDGE, "--", String(process.pid), ...files];
    const child = spawn(process.execPath, arguments_, {
      env: {},
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    child.on("message", (said: "ready" | Verdict) => {
      if (this.#process !== child) return;
      if (said === "ready") {
        this.#ready = true;
        if (this.#current !== undefined) this.#ask(child, this.#current);
        return;
      }
      this.#answer(said);
      this.#next();
    });
    // Its memory is used up, or it never came to be ready.
    child.on("exit", () => this.#lost(child)).on("error", () => this.#lost(child));
    return child;
  }
}
