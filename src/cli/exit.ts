import { CommanderError } from "commander";
import { isHansaError } from "#base";
import { CLI_ERRORS } from "./errors.ts";

/** What the process tells its caller. */
export const EXIT = {
  ok: 0,
  /** Refused by the ledger or the node, or it failed. */
  failed: 1,
  /** The call was wrong: nothing was tried. */
  usage: 2,
  /** No node answered. */
  unreachable: 3,
} as const;

/**
 * The exit code of a thrown error.
 *
 * @example
 * ```ts
 * process.exitCode = exitCodeOf(error);
 * ```
 */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (!isHansaError(error)) return EXIT.failed;
  if (error.code === "sdk.unreachable" || error.code === "sdk.timeout") return EXIT.unreachable;
  if (error.code === "sdk.url" || error.code === "sdk.no-group") return EXIT.usage;
  const entry = Object.hasOwn(CLI_ERRORS, error.code) ? CLI_ERRORS[error.code as keyof typeof CLI_ERRORS] : undefined;
  return entry?.status === 400 ? EXIT.usage : EXIT.failed;
}
