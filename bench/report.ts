/** What every bench prints: a table for people, one JSON object for programs, exit code 1 where a `must` is missed. */
import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import sodium from "sodium-native";

export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Name of the row that this one is held against, measured in the same run. */
  readonly against?: string;
  readonly ratio?: number;
  /** What must be reached, in words. */
  readonly must?: string;
  readonly holds?: boolean;
}

export class BenchReport {
  readonly #bench: string;
  readonly #rows: Row[] = [];

  constructor(bench: string) {
    this.#bench = bench;
  }

  add(row: Row): Row {
    this.#rows.push(row);
    if (!isJson()) process.stderr.write(`  ${row.name}: ${formatNumber(row.value)} ${row.unit}\n`);
    return row;
  }

  /** Prints, and sets the exit code. */
  finish(): void {
    const missed = this.#rows.filter((row) => row.holds === false);
    if (isJson()) console.log(JSON.stringify({ bench: this.#bench, machine: machine(), rows: this.#rows }));
    else printTable(this.#bench, this.#rows);
    if (missed.length > 0) {
      if (!isJson()) console.log(`missed: ${missed.map((row) => `${row.name} (${row.must})`).join("; ")}`);
      process.exitCode = 1;
    }
  }
}

export function isJson(): boolean {
  return process.argv.includes("--json");
}

/** Number behind `--name`. */
export function numberOption(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

export function progress(text: string): void {
  if (!isJson()) process.stderr.write(`· ${text}\n`);
}

function machine() {
  const cpu = /model name\s*:\s*(.*)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown";
  return { cpu, cores: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version };
}

function formatNumber(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-GB") : value.toPrecision(3);
}

function printTable(bench: string, rows: readonly Row[]): void {
  const { cpu, cores, node } = machine();
  console.log(`\n${bench} — ${cpu}, ${cores} cores, Node ${node}`);
  const cells = rows.map((row) => [
    row.name,
    `${formatNumber(row.value)} ${row.unit}`,
    row.ratio === undefined ? "" : `${row.ratio.toFixed(2)} × ${row.against ?? ""}`,
    row.must ?? "",
    row.holds === undefined ? "" : row.holds ? "yes" : "NO",
  ]);
  const head = ["what", "value", "against", "must", "holds"];
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((cell) => (cell[i] as string).length)));
  for (const line of [head, ...cells])
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i] as number))
        .join("  ")
        .trimEnd(),
    );
}

/** Quantile of a sorted list. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted.length === 0
    ? Number.NaN
    : (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number);
}

/** Ed25519 checks a second of one core, native: the limit that every signed transaction has. */
export function rawVerifyRate(seconds = 2): number {
  const publicKey = Buffer.alloc(32);
  const secretKey = Buffer.alloc(64);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, Buffer.alloc(32, 7));
  const message = Buffer.alloc(400, 1);
  const signature = Buffer.alloc(64);
  sodium.crypto_sign_detached(signature, message, secretKey);
  const end = performance.now() + seconds * 1000;
  const started = performance.now();
  let count = 0;
  while (performance.now() < end)
    for (let i = 0; i < 100; i++, count++) sodium.crypto_sign_verify_detached(signature, message, publicKey);
  return (count * 1000) / (performance.now() - started);
}

/** Resident memory of a process, MiB. */
export function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

/** Processor seconds that a process has used. */
export function cpuSeconds(pid: number): number {
  // Fields 14 and 15 of proc(5) stat, counted behind the name in parentheses; the kernel counts in hundredths.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
