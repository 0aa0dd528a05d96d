/** The mark that a running CometBFT leaves in its home, so that the next start finds one that outlived our process. */
import { execFile } from "node:child_process";
import { lstatSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "#base";

const execute = promisify(execFile);
const LOOK_EVERY = 25;

interface Mark {
  readonly pid: number;
  /** When it was started, as the system tells it: a number alone may be another process by now. */
  readonly started: string;
  /** Its folder of sockets, which nobody else would clear. */
  readonly run: string;
}

/** Notes the process of this home. A process that ended already is not noted. */
export async function markProcess(folder: string, pid: number, run: string): Promise<void> {
  const started = await startOf(pid);
  if (started === undefined) return;
  writeFileSync(markFile(folder), JSON.stringify({ pid, started, run } satisfies Mark), { mode: 0o600 });
}

/** Takes the mark away once the process ended. */
export function unmarkProcess(folder: string): void {
  rmSync(markFile(folder), { force: true });
}

/**
 * Ends the process of an earlier run of this home, if it still runs: asks it to, and kills it when `patience` milliseconds are over.
 *
 * @returns its number, where there was one
 */
export async function endOrphan(folder: string, clock: Clock, patience: number): Promise<number | undefined> {
  const mark = readMark(folder);
  if (mark === undefined || !(await isAlive(mark))) {
    clear(folder, mark);
    return undefined;
  }
  signal(mark.pid, "SIGTERM");
  const deadline = clock.now() + patience;
  let killed = false;
  // It is no child of ours, so that nothing tells of its end.
  while (await isAlive(mark)) {
    if (!killed && clock.now() >= deadline) {
      killed = true;
      signal(mark.pid, "SIGKILL");
    }
    await new Promise<void>((resolve) => void clock.after(LOOK_EVERY, resolve));
  }
  clear(folder, mark);
  return mark.pid;
}

function clear(folder: string, mark: Mark | undefined): void {
  unmarkProcess(folder);
  if (mark === undefined || !/^hansa-[0-9a-f]{12}$/.test(basename(mark.run))) return;
  const found = lstatSync(mark.run, { throwIfNoEntry: false });
  // Only what looks like a folder that we made: the name may be somebody else's by now.
  if (found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o077) === 0)
    rmSync(mark.run, { recursive: true, force: true });
}

function markFile(folder: string): string {
  return join(folder, "process.json");
}

function readMark(folder: string): Mark | undefined {
  try {
    const { pid, started, run } = JSON.parse(readFileSync(markFile(folder), "utf8"));
    const fits =
      Number.isInteger(pid) && pid > 1 && typeof started === "string" && started !== "" && typeof run === "string";
    return fits ? { pid, started, run } : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, started }: Mark): Promise<boolean> {
  return (await startOf(pid)) === started;
}

/** Boot and tick of a process's start on Linux, its start time as `ps` prints it elsewhere; `undefined` for none, or one that only awaits burial. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    if (process.platform !== "linux") {
      const { stdout } = await execute("ps", ["-o", "lstart=", "-p", String(pid)], { env: { LC_ALL: "C", TZ: "UTC" } });
      return stdout.trim() || undefined;
    }
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything, spaces and parentheses included: fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : `${boot}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}
