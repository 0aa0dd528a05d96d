import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { promisify } from "node:util";
import { engineError } from "../../errors.ts";
import { COMETBFT_VERSION, fitsVersion } from "./version.ts";

const execute = promisify(execFile);
const PROGRAM = process.platform === "win32" ? "cometbft.exe" : "cometbft";
/** A program that does not say its version in this time is none of ours. */
const PATIENCE = 20_000;

export type Environment = Readonly<Record<string, string | undefined>>;

/** One place that was looked at. */
export interface EngineLookup {
  readonly where: "HANSA_COMETBFT" | "installed" | "PATH";
  readonly path: string;
  /** What the program says; `undefined` where there is none, or it does not run. */
  readonly version: string | undefined;
  /** Why it is not taken; `undefined` where it is. */
  readonly problem: string | undefined;
}

/** A program that fits. */
export interface FoundCometbft {
  readonly where: EngineLookup["where"];
  readonly path: string;
  readonly version: string;
}

/** Hansa's own place for the pinned version: `$XDG_DATA_HOME/hansa/engines/cometbft-<version>/cometbft`, by default below `~/.local/share`. */
export function installedPath(env: Environment): string {
  const named = env["XDG_DATA_HOME"];
  // The specification of these folders has relative paths ignored.
  const data = named !== undefined && isAbsolute(named) ? named : join(env["HOME"] ?? homedir(), ".local", "share");
  return join(data, "hansa", "engines", `cometbft-${COMETBFT_VERSION}`, PROGRAM);
}

/**
 * Looks in all places, in the order of their right: HANSA_COMETBFT, Hansa's own folder, PATH. Where HANSA_COMETBFT is set nothing else
 * counts: who names a program does not want another one in its stead.
 */
export async function lookForCometbft(env: Environment): Promise<readonly EngineLookup[]> {
  const named = env["HANSA_COMETBFT"];
  if (named !== undefined && named !== "") return [await look("HANSA_COMETBFT", resolve(named))];
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  const onPath = folders.map((folder) => join(folder, PROGRAM)).find(isProgram);
  return Promise.all([look("installed", installedPath(env)), ...(onPath === undefined ? [] : [look("PATH", onPath)])]);
}

/**
 * The program to run: the first that fits.
 *
 * @throws HansaError `engine.missing`, whose message says what was found instead
 * @example
 * ```ts
 * const { path, version } = await findCometbft(process.env);
 * ```
 */
export async function findCometbft(env: Environment): Promise<FoundCometbft> {
  const looked = await lookForCometbft(env);
  for (const { where, path, version, problem } of looked)
    if (problem === undefined && version !== undefined) return { where, path, version };
  const found = looked.map(({ where, path, problem }) => `${path} (${where}): ${problem}`).join("; ");
  throw engineError("engine.missing", `CometBFT ${COMETBFT_VERSION} or a later patch of it is needed. ${found}`, {
    looked,
  });
}

/** What a program at a path says of itself. */
export async function versionOf(path: string): Promise<string> {
  // No variable of ours goes along: `CMT_…` would change what it does. HOME is one that CometBFT wants.
  const { stdout } = await execute(path, ["version"], { timeout: PATIENCE, maxBuffer: 64 * 1024, env: { HOME: "/" } });
  return stdout.trim().slice(0, 100);
}

async function look(where: EngineLookup["where"], path: string): Promise<EngineLookup> {
  const problem = (text: string, version?: string): EngineLookup => ({ where, path, version, problem: text });
  if (!isProgram(path)) return problem("there is no program");
  let version: string;
  try {
    version = await versionOf(path);
  } catch (error) {
    return problem(`it does not run: ${(error as Error).message.split("\n")[0]?.slice(0, 200)}`);
  }
  if (!fitsVersion(version)) return problem(`it is version ${JSON.stringify(version)}, which does not fit`, version);
  return { where, path, version, problem: undefined };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
