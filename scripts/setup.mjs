// Sets up what is missing: dependencies, then the build. Plain Node, since nothing is installed yet when it runs.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Hansa needs Node 20.19 or newer; this is ${process.version}. Install it from your package manager or nodejs.org.`,
  );
  process.exit(1);
}

/** Runs a command, showing that something moves; its output is shown whole where it fails. */
export function step(title, command, args, options = {}) {
  const started = Date.now();
  const quiet = options.quiet ?? true;
  const live = process.stderr.isTTY && quiet;
  return new Promise((resolve, reject) => {
    if (!live) console.error(`· ${title} …`);
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...options.env },
      stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
    });
    let output = "";
    let dots = 0;
    child.stdout?.on("data", (data) => (output += data));
    child.stderr?.on("data", (data) => (output += data));
    const timer = setInterval(
      () => {
        const seconds = Math.round((Date.now() - started) / 1000);
        if (live) process.stderr.write(`\r${"⠋⠙⠹⠸⠼⠴⠦⠧"[dots++ % 8]} ${title} … ${seconds} s `);
        else if (seconds > 0 && seconds % 15 === 0) console.error(`  … ${title}: ${seconds} s`);
      },
      live ? 120 : 1000,
    );
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(timer);
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      if (live) process.stderr.write(`\r${code === 0 ? "✓" : "✗"} ${title} (${seconds} s)        \n`);
      else console.error(`${code === 0 ? "✓" : "✗"} ${title} (${seconds} s)`);
      if (code === 0) return resolve(output);
      if (quiet) process.stderr.write(output);
      reject(Object.assign(new Error(`${title} failed with exit code ${code}`), { exitCode: code }));
    });
  });
}

function digest(...files) {
  const hash = createHash("sha256").update(process.version);
  for (const file of files) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** npm of this very Node where there is one, so that native parts are built for it. */
function npm() {
  const beside = join(dirname(process.execPath), process.platform === "win32" ? "npm.cmd" : "npm");
  return existsSync(beside) ? beside : "npm";
}

/** Installs exactly what the lock file names, unless that is what is there. */
export async function install() {
  const marker = join(root, "node_modules", ".hansa-installed");
  const wanted = digest("package.json", "package-lock.json");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  // Native modules are compiled where no prebuilt file fits. Headers that stand beside Node spare a download.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, "include", "node", "node.h")) ? { npm_config_nodedir: prefix } : {};
  await step(
    "install dependencies (compiles the encrypted database, about a minute)",
    npm(),
    ["ci", "--no-audit", "--no-fund", "--include=dev"],
    {
      env: { ...headers, npm_config_loglevel: "error" },
    },
  );
  writeFileSync(marker, wanted);
}

/** Compiles all rooms; `tsc -b` does nothing where nothing changed. */
export async function build(what = []) {
  mkdirSync(join(root, "dist"), { recursive: true });
  await step("compile", process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-b", ...what]);
}

/** Finds the engine, or builds it where Go is; the compiled command line does both. Without it the tests that need it are skipped. */
export async function engine() {
  try {
    await step("engine: find cometbft, or build it with Go (a minute or two)", process.execPath, [
      join(root, "bin", "hansa.js"),
      "engine",
      "install",
    ]);
  } catch {
    console.error("· without cometbft the tests that need it are skipped: each says so by name");
  }
}
