import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import { HansaError, isHansaError } from "#base";
import { exitCodeOf } from "./exit.ts";
import type { Io } from "./io.ts";
import { reportError } from "./output/report-error.ts";
import { createProgram } from "./program.ts";

/**
 * Runs one command line and answers its exit code: 0 done, 1 refused or failed, 2 wrong call, 3 no node answers.
 *
 * @param argv - without the program's own name
 * @example
 * ```ts
 * process.exitCode = await runCli(process.argv.slice(2), processIo());
 * ```
 */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(io, readVersion()).parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    // Commander has printed these itself, with its did-you-mean.
    if (!(error instanceof CommanderError)) reportError(io, await withAdvice(error), argv.includes("--json"));
    return exitCodeOf(error);
  }
}

/** A receipt's refusal comes with its code alone: what to do about it stands in the tables of the rooms. */
async function withAdvice(error: unknown): Promise<unknown> {
  if (!isHansaError(error) || error.advice !== undefined) return error;
  const { ALL_ERRORS } = await import("#node");
  const entry = Object.hasOwn(ALL_ERRORS, error.code) ? ALL_ERRORS[error.code] : undefined;
  if (entry === undefined) return error;
  return new HansaError(error.code, error.message, error.payload, { advice: entry.advice, cause: error });
}

/** `src/cli` and `dist/cli` lie equally deep below the package. */
function readVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
