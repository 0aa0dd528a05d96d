import type { Readable } from "node:stream";
import type { Clock } from "#base";
import { recognise } from "./problems.ts";
import type { ProcessLog, ProcessProblem } from "./process-options.ts";

const MOST_LINE = 4096;
const MOST_KEPT = 60;
/** Lines that are passed on within a second; a process in trouble may write thousands. */
const MOST_PASSED = 20;

export interface LogReaderOptions {
  readonly log: ProcessLog;
  readonly clock: Clock;
  /** Texts that no line may show. */
  readonly secrets: readonly string[];
  readonly onProblem: (problem: ProcessProblem) => void;
}

/** Reads what CometBFT writes: JSON lines, and plain text where it ends in a panic. Bounded, whatever is written. */
export class LogReader {
  readonly #options: LogReaderOptions;
  readonly #lines: string[] = [];
  #second = 0;
  #passed = 0;
  #dropped = 0;

  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  /** The last lines. */
  get lines(): readonly string[] {
    return [...this.#lines];
  }

  /** Reads a stream to its end. */
  read(stream: Readable): void {
    stream.setEncoding("utf8");
    let rest = "";
    stream.on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      // Of a line that never ends only its beginning is kept.
      rest = (parts.pop() as string).slice(0, MOST_LINE);
      for (const line of parts) this.take(line);
    });
    stream.on("end", () => {
      if (rest !== "") this.take(rest);
    });
    stream.on("error", () => {});
  }

  /** Takes one line. */
  take(raw: string): void {
    const line = this.#clean(raw);
    if (line.trim() === "") return;
    this.#lines.push(line);
    if (this.#lines.length > MOST_KEPT) this.#lines.shift();
    const problem = recognise(line);
    if (problem !== undefined) this.#options.onProblem(problem);
    const entry = parse(line);
    if (entry !== undefined && entry.level !== "error") return;
    // Plain lines are stacks and usage texts, but for the first line of an end.
    if (entry === undefined && !/^(panic:|fatal error:|ERROR:|Error:)/.test(line)) return;
    this.#pass(entry ?? { message: line, fields: {} });
  }

  #pass({ message, fields }: { readonly message: string; readonly fields: object }): void {
    const { log, clock } = this.#options;
    const second = Math.floor(clock.now() / 1000);
    if (second !== this.#second) {
      if (this.#dropped > 0) log.warn({ lines: this.#dropped }, "cometbft: more lines were not passed on");
      this.#second = second;
      this.#passed = 0;
      this.#dropped = 0;
    }
    if (this.#passed++ >= MOST_PASSED) this.#dropped++;
    // Level "error" is CometBFT's only one above "info": a peer that went away has it, too.
    else log.warn(fields, `cometbft: ${message}`);
  }

  #clean(raw: string): string {
    let line = raw.slice(0, MOST_LINE);
    for (const secret of this.#options.secrets) line = line.replaceAll(secret, "[redacted]");
    return line;
  }
}

function parse(
  line: string,
): { readonly level: string; readonly message: string; readonly fields: Record<string, string> } | undefined {
  if (!line.startsWith("{")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { level, _msg, ts: _, ...rest } = value as Record<string, unknown>;
  const fields = Object.fromEntries(
    Object.entries(rest).map(([name, field]) => [
      name,
      (typeof field === "string" ? field : JSON.stringify(field)).slice(0, 500),
    ]),
  );
  return { level: String(level), message: String(_msg).slice(0, 500), fields };
}
