import { HansaError } from "#base";
import { cliError } from "../errors.ts";
import type { Io } from "../io.ts";
import { createPaint } from "./paint.ts";
import { cleanText } from "./table.ts";

/** An error as it is shown: anything unexpected becomes `cli.bug`, whose details appear with HANSA_DEBUG=1 alone. */
function asHansaError(error: unknown): HansaError {
  if (error instanceof HansaError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return cliError("cli.bug", `unexpected: ${message}`, {}, error);
}

/** Prints an error with its suggestion: for people, or as one JSON object, always to standard error. */
export function reportError(io: Io, thrown: unknown, json: boolean): void {
  const error = asHansaError(thrown);
  if (json) {
    io.stderr.write(`${JSON.stringify({ error: error.toJSON() })}\n`);
  } else {
    const paint = createPaint(io.stderr, io.env);
    const advice = error.advice ?? `\`hansa errors ${error.code}\` may tell more.`;
    io.stderr.write(`${paint("red", "error")} ${paint("bold", error.code)}: ${cleanText(error.message)}\n`);
    for (const [name, value] of Object.entries(error.payload))
      if (["operation", "path", "problem", "needs", "step", "groups", "reason"].includes(name))
        io.stderr.write(`  ${name}: ${cleanText(typeof value === "string" ? value : JSON.stringify(value))}\n`);
    io.stderr.write(`${paint("cyan", "try")}   ${cleanText(advice)}\n`);
  }
  if (io.env["HANSA_DEBUG"] === "1" && thrown instanceof Error) io.stderr.write(`${thrown.stack}\n`);
}
