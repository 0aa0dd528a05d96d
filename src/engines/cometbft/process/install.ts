import { execFile, spawn } from "node:child_process";
import { createHash, timingSafeEqual } from "node:crypto";
import { chmodSync, createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { isHansaError } from "#base";
import { engineError } from "../../errors.ts";
import { type Environment, installedPath, versionOf } from "./find-cometbft.ts";
import { COMETBFT_MODULE, COMETBFT_RELEASE, COMETBFT_VERSION, fitsVersion } from "./version.ts";

const execute = promisify(execFile);
const MIB = 2 ** 20;
/** The program has some 40 MB, its archive half of that. */
const MOST_ARCHIVE = 256 * MIB;
const BUILD_MINUTES = 15;
const TELL_EVERY = 1000;

export interface InstallOptions {
  readonly env: Environment;
  /** Hears how it goes, at least once a second. */
  readonly progress: (line: string) => void;
  /** Ends it, with nothing left behind. */
  readonly signal?: AbortSignal;
}

/** Where to get the program without Go. */
export interface ReleaseArchive {
  readonly page: string;
  readonly archive: string;
  /** File of the release that holds its SHA-256. */
  readonly checksums: string;
}

/** The release's archive for this machine, as the makers' build names it. */
export function releaseArchive(platform: string = process.platform, arch: string = process.arch): ReleaseArchive {
  const system = platform === "win32" ? "windows" : platform;
  const machine = arch === "x64" ? "amd64" : arch;
  return {
    page: COMETBFT_RELEASE,
    archive: `cometbft_${COMETBFT_VERSION}_${system}_${machine}.tar.gz`,
    checksums: `SHA256SUMS-${COMETBFT_VERSION}.txt`,
  };
}

/** How to get the program without a build, in words. */
export function otherWays(): string {
  const { page, archive, checksums } = releaseArchive();
  return [
    `Download ${archive} and ${checksums} from`,
    `  ${page}`,
    `then run: hansa engine install --from ${archive} --sha256 <its digest in ${checksums}>`,
    "Or install Go 1.22 or newer (go.dev/dl, apt install golang-go, dnf install golang, brew install go) and run `hansa engine install` again;",
    `A package manager's cometbft does, too, where \`cometbft version\` says ${COMETBFT_VERSION} or a later patch of that line: many have 1.x, which does not fit.`,
  ].join("\n");
}

/** A Go that can build the engine, and its version. */
export async function findGo(
  env: Environment,
): Promise<{ readonly path: string; readonly version: string } | undefined> {
  const folders = (env["PATH"] ?? "").split(":").filter((folder) => isAbsolute(folder));
  for (const path of [...folders.map((folder) => join(folder, "go")), "/usr/local/go/bin/go"]) {
    if (!existsSync(path)) continue;
    try {
      // GOTOOLCHAIN=local: it says what it is, and does not fetch another one for it.
      const { stdout } = await execute(path, ["env", "GOVERSION"], {
        timeout: 20_000,
        env: { ...goEnvironment(env), GOTOOLCHAIN: "local" },
      });
      const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout.trim()) ?? [];
      if (Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 22)) return { path, version: stdout.trim() };
    } catch {
      // Not a Go that runs; another may.
    }
  }
  return undefined;
}

/**
 * Builds the pinned version from its source, which Go's checksum database vouches for, and puts it in Hansa's own folder.
 *
 * @returns the program's path
 * @throws HansaError `engine.install-failed`
 */
export async function installFromSource(options: InstallOptions): Promise<string> {
  const { env, progress, signal } = options;
  const go = await findGo(env);
  if (go === undefined)
    throw engineError("engine.install-failed", `there is no Go 1.22 or newer to build it with.\n${otherWays()}`);
  const what = `${COMETBFT_MODULE}@v${COMETBFT_VERSION}`;
  progress(`${go.version} at ${go.path} builds ${what}: a minute or two, its source is fetched first`);
  return intoPlace(env, async (folder) => {
    // The module's path ends in the program's name.
    await build(
      go.path,
      ["install", what],
      { ...goEnvironment(env), CGO_ENABLED: "0", GOBIN: folder },
      progress,
      signal,
    );
    return join(folder, "cometbft");
  });
}

/**
 * Installs a downloaded release archive whose SHA-256 is given, for instance from the release's checksum file.
 *
 * @param digest - 64 hexadecimal digits
 * @returns the program's path
 * @throws HansaError `engine.archive-refused`, `engine.install-failed`
 */
export async function installFromArchive(archive: string, digest: string, options: InstallOptions): Promise<string> {
  const { env, progress, signal } = options;
  if (!/^[0-9a-fA-F]{64}$/.test(digest))
    throw engineError("engine.archive-refused", "a SHA-256 digest has 64 hexadecimal digits", { archive });
  const size = statSync(archive, { throwIfNoEntry: false })?.size;
  if (size === undefined || size > MOST_ARCHIVE)
    throw engineError("engine.archive-refused", `${archive} cannot be read, or is too large`, { archive });
  progress(`checking ${archive}`);
  const found = await digestOf(archive, signal);
  if (!timingSafeEqual(found, Buffer.from(digest, "hex")))
    throw engineError(
      "engine.archive-refused",
      `${archive} has the SHA-256 ${found.toString("hex")}, not the one given`,
      {
        archive,
        found: found.toString("hex"),
        wanted: digest.toLowerCase(),
      },
    );
  progress("unpacking");
  return intoPlace(env, async (folder) => {
    // One named file, into a folder of its own: no path in the archive matters.
    const listed = await tar(["-tzf", archive], archive, signal);
    const name = listed
      .split("\n")
      .find((line) => /^(\.\/)?([^/]+\/)?cometbft(\.exe)?$/.test(line) && !line.includes(".."));
    if (name === undefined)
      throw engineError("engine.archive-refused", `${archive} holds no cometbft program`, { archive });
    await tar(["-xzf", archive, "-C", folder, "--no-same-owner", "--", name], archive, signal);
    return join(folder, name);
  });
}

/** Lets a program be made in a folder beside its place, holds it against the wanted version, and moves it there in one step. */
async function intoPlace(env: Environment, make: (folder: string) => Promise<string>): Promise<string> {
  const place = installedPath(env);
  let folder: string | undefined;
  try {
    mkdirSync(dirname(place), { recursive: true, mode: 0o755 });
    folder = mkdtempSync(join(dirname(place), ".install-"));
    const made = await make(folder);
    chmodSync(made, 0o755);
    const version = await versionOf(made);
    if (!fitsVersion(version))
      throw engineError("engine.archive-refused", `the program is version ${JSON.stringify(version)}`, { version });
    renameSync(made, place);
    return place;
  } catch (error) {
    if (isHansaError(error)) throw error;
    const { message } = error as Error;
    throw engineError(
      "engine.install-failed",
      `the program could not be put at ${place}: ${message}`,
      { place },
      error,
    );
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function build(
  go: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  progress: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const child = spawn(go, args, {
      env,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: BUILD_MINUTES * 60_000,
      signal,
    });
    let said = "";
    let last = "";
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => {
      said = (said + text).slice(-8000);
      last = said.trimEnd().split("\n").at(-1)?.slice(0, 120) ?? "";
    });
    const timer = setInterval(() => {
      const seconds = Math.round((Date.now() - started) / 1000);
      progress(`building, ${seconds} s${last === "" ? "" : `: ${last}`}`);
    }, TELL_EVERY);
    const end = (failure?: Error) => {
      clearInterval(timer);
      if (failure === undefined) resolve();
      else reject(failure);
    };
    child.once("error", (error) =>
      end(engineError("engine.install-failed", `Go did not run or was ended: ${error.message}`, {}, error)),
    );
    child.once("close", (code) => {
      if (code === 0) return end();
      const offline =
        /dial tcp|no such host|i\/o timeout|connection refused|module lookup disabled|TLS handshake|proxy/i.test(said);
      const why = offline ? "the source cannot be fetched: this machine seems to be offline" : "the build failed";
      end(
        engineError("engine.install-failed", `${why}\n${said.trim().slice(-1500)}\n${otherWays()}`, { code, offline }),
      );
    });
  });
}

/** What Go needs of our environment; variables that change the build, such as GOFLAGS for a network behind a mirror, go along. */
function goEnvironment(env: Environment): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) =>
    /^(PATH|HOME|TMPDIR|USER|LANG|GO[A-Z0-9]*|XDG_CACHE_HOME|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|SSL_CERT_(FILE|DIR)|GIT_[A-Z_]+|NETRC)$/.test(
      name,
    ),
  );
  return Object.fromEntries(kept);
}

async function digestOf(path: string, signal: AbortSignal | undefined): Promise<Buffer> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  return hash.digest();
}

async function tar(args: readonly string[], archive: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    const { stdout } = await execute("tar", [...args], { timeout: 120_000, maxBuffer: MIB, signal });
    return stdout;
  } catch (error) {
    throw engineError(
      "engine.archive-refused",
      `${archive} cannot be unpacked: ${(error as Error).message}`,
      { archive },
      error,
    );
  }
}
