import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

interface OfflineVerdict {
  /** 0: it holds. */
  readonly code: number | null;
  /** What `--json` prints of a file that holds. */
  readonly text: string;
}

/** `hansa verify` as anybody runs it: in a process of its own, with no node to ask. */
export function verifyOffline(file: string, trust: string): Promise<OfflineVerdict> {
  // An address that answers nobody: verification must not need one. `src/cli/demo` and `dist/cli/demo` lie equally deep below the package.
  const main = fileURLToPath(new URL("../../../bin/hansa.js", import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, "verify", file, "--trust", trust, "--json"], {
      env: { ...process.env, HANSA_URL: "http://127.0.0.1:1" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const parts: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, text: Buffer.concat(parts).toString("utf8") }));
  });
}
