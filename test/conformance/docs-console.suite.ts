/**
 * Runs what a page shows in its `console` blocks, in a terminal's place. Conventions, all of them visible to a reader:
 * `$ ` begins a command, `> ` goes on with it, other lines are its output. `…` stands for anything within a line, a line of `…` alone for
 * any lines. A command that ends with `&` stays in the background once its output has come. A block with a file's name behind its
 * language (```js fan.mjs) is that file. Spaces count as one: columns are as wide as what is in them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Step {
  readonly command: string;
  readonly expected: readonly string[];
  /** Line of the page, from 1. */
  readonly line: number;
}

export interface PageFile {
  readonly file: string;
  readonly text: string;
}

/** What a page shows, in its order. */
export function stepsOf(page: string): (Step | PageFile)[] {
  const found: (Step | PageFile)[] = [];
  let fence: { readonly info: string; readonly lines: string[]; readonly line: number } | undefined;
  for (const [index, line] of page.split("\n").entries()) {
    if (fence === undefined) {
      if (line.startsWith("```")) fence = { info: line.slice(3).trim(), lines: [], line: index + 2 };
    } else if (line !== "```") {
      fence.lines.push(line);
    } else {
      const [language, file] = fence.info.split(" ");
      if (language === "console") found.push(...consoleSteps(fence.lines, fence.line));
      else if (file !== undefined) found.push({ file, text: `${fence.lines.join("\n")}\n` });
      fence = undefined;
    }
  }
  return found;
}

function consoleSteps(lines: readonly string[], first: number): Step[] {
  const steps: { command: string; expected: string[]; line: number }[] = [];
  lines.forEach((line, i) => {
    const last = steps.at(-1);
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), expected: [], line: first + i });
    else if (last === undefined) throw new Error(`line ${first + i} of the page stands before any command`);
    else if (line.startsWith("> ") && last.expected.length === 0) last.command += `\n${line.slice(2)}`;
    else last.expected.push(line);
  });
  return steps;
}

/** Whether an output is what a page shows. */
export function fits(output: string, expected: readonly string[]): boolean {
  const lines = (text: readonly string[]) =>
    text.map((line) => line.replace(/\s+/g, " ").trim()).filter((line) => line !== "");
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = lines(expected)
    .map((line) => (line === "…" ? "(?:.*\\n)*?" : `${line.split("…").map(literal).join(".*")}\\n`))
    .join("");
  return new RegExp(`^${pattern}$`, "u").test(
    lines(output.split("\n"))
      .map((line) => `${line}\n`)
      .join(""),
  );
}

/** Addresses of a node, as `hansa up` and `hansa demo` print them. */
function addressesIn(output: string): readonly [string, string] | undefined {
  const [, http, mqtt] =
    /^HTTP +(http:\S+)\nMQTT +(mqtt:\S+)$/m.exec(output) ?? /\((http:[^\s,]+), (mqtt:[^\s)]+)\)$/m.exec(output) ?? [];
  return http === undefined || mqtt === undefined ? undefined : [http, mqtt];
}

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Longest that one command may take, milliseconds. */
const PATIENCE = 60_000;
const END = "\u001e";

/** A shell in a folder of its own, with `hansa` as the build made it. */
export class Terminal {
  readonly folder = mkdtempSync(join(tmpdir(), "hansa-docs-"));
  readonly #shell: ChildProcess;
  #output = "";
  #addresses: readonly [http: string, mqtt: string] | undefined;
  #heard: () => void = () => {};

  constructor() {
    const bin = join(this.folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "hansa"), `#!/bin/sh\nexec "${process.execPath}" "${join(root, "bin/hansa.js")}" "$@"\n`);
    chmodSync(join(bin, "hansa"), 0o755);
    mkdirSync(join(this.folder, "work"));
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
    const env: NodeJS.ProcessEnv = { PATH: [bin, join(process.execPath, ".."), process.env["PATH"]].join(delimiter) };
    // Any free ports, so that nothing else on the machine is in the way; the pages show the default ones.
    Object.assign(env, {
      HANSA_HTTP_PORT: "0",
      HANSA_MQTT_PORT: "0",
      NO_COLOR: "1",
      HOME: this.folder,
      LC_ALL: "C.UTF-8",
    });
    this.#shell = spawn("bash", ["--noprofile", "--norc"], { cwd: join(this.folder, "work"), env, detached: true });
    for (const stream of [this.#shell.stdout, this.#shell.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
        this.#heard();
      });
  }

  write({ file, text }: PageFile): void {
    writeFileSync(join(this.folder, "work", file), text);
  }

  /** Runs one command and answers its output and exit code; of one in the background, once its output is what was expected. */
  async run({ command, expected }: Step): Promise<{ readonly output: string; readonly code: number }> {
    this.#output = "";
    this.#shell.stdin?.write(`{ ${command}\n} < /dev/null 2>&1; printf '${END}%s${END}' $?\n`);
    const end = new RegExp(`${END}(\\d+)${END}`);
    await this.#until(() => end.test(this.#output), command);
    const code = Number(end.exec(this.#output)?.[1]);
    const output = () => this.#output.replace(end, "");
    if (!command.endsWith("&")) return { output: await this.#settle(output()), code };
    await this.#until(() => fits(this.#asShown(output()), expected), command);
    return { output: await this.#settle(output()), code };
  }

  /** Learns the addresses of a node that came up, and shows them as the pages do. */
  async #settle(output: string): Promise<string> {
    const found = addressesIn(output);
    if (found !== undefined) {
      this.#addresses = found;
      await this.run({ command: `export HANSA_URL=${found[0]} HANSA_MQTT=${found[1]}`, expected: [], line: 0 });
    }
    return this.#asShown(output);
  }

  #asShown(output: string): string {
    const [http, mqtt] = addressesIn(output) ?? this.#addresses ?? [];
    if (http === undefined || mqtt === undefined) return output;
    return output.replaceAll(http, "http://127.0.0.1:7420").replaceAll(mqtt, "mqtt://127.0.0.1:7421");
  }

  #until(holds: () => boolean, command: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#heard = () => {};
        reject(new Error(`no end of: ${command}\nso far:\n${this.#output}`));
      }, PATIENCE);
      this.#heard = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#heard = () => {};
        resolve();
      };
      this.#heard();
    });
  }

  /** Ends the shell and whatever it left in the background. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#shell.once("exit", resolve));
    if (this.#shell.pid !== undefined) process.kill(-this.#shell.pid, "SIGKILL");
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
