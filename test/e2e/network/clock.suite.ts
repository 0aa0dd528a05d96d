/** Clocks that are wrong: of a node by what it loads first, of CometBFT by a build of the pinned version that asks a variable for its error. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { COMETBFT_VERSION } from "#engines";

const execute = promisify(execFile);
const VARIABLE = "HANSA_TEST_SKEW";

/** Where the build is kept from run to run. */
const CACHE = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "hansa-test");

/** Whether it can be built here. */
export const GO: string | undefined = await findGo();

async function findGo(): Promise<string | undefined> {
  for (const go of ["go", "/usr/local/go/bin/go"])
    if (
      await execute(go, ["version"]).then(
        () => true,
        () => false,
      )
    )
      return go;
  return undefined;
}

/** Wherever CometBFT reads the clock for what others see: times of votes and proposals, and whether a block is of the future. */
const CHANGES = [
  {
    file: "types/time/time.go",
    from: "return Canonical(time.Now())",
    to: "return Canonical(time.Now().Add(skew))",
    imports: '"os"',
    more: `\nvar skew = func() time.Duration {\n\terror, _ := time.ParseDuration(os.Getenv("${VARIABLE}"))\n\treturn error\n}()\n`,
  },
  {
    file: "state/validation.go",
    from: "time.Now()",
    to: "cmttime.Now()",
    imports: 'cmttime "github.com/cometbft/cometbft/types/time"',
    more: "",
  },
] as const;

/**
 * A CometBFT whose clock is off by the duration in `HANSA_TEST_SKEW`, Go's notation. Built once; that takes a minute or two.
 *
 * @returns its path
 */
export async function buildSkewed(go: string): Promise<string> {
  const built = join(CACHE, `cometbft-${COMETBFT_VERSION}-skewed`);
  if (existsSync(built)) return built;
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "build-"));
  try {
    const module = `github.com/cometbft/cometbft@v${COMETBFT_VERSION}`;
    const { Dir: source } = JSON.parse((await execute(go, ["mod", "download", "-json", module])).stdout) as {
      readonly Dir: string;
    };
    // Go lets nobody replace files within its module cache.
    const copy = join(folder, "source");
    await execute("cp", ["-R", source, copy]);
    await execute("chmod", ["-R", "u+w", copy]);
    for (const { file, from, to, imports, more } of CHANGES) {
      const text = readFileSync(join(copy, file), "utf8");
      if (!text.includes(from)) throw new Error(`${file} of ${module} reads the clock in another way`);
      writeFileSync(join(copy, file), text.replaceAll(from, to).replace("import (", `import (\n\t${imports}`) + more);
    }
    const fresh = join(folder, "cometbft");
    await execute(go, ["build", "-o", fresh, "./cmd/cometbft"], {
      cwd: copy,
      env: { ...process.env, CGO_ENABLED: "0" },
    });
    renameSync(fresh, built);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return built;
}

/** What CometBFT must find in its surroundings. */
export function skewOf(seconds: number): Readonly<Record<string, string>> {
  return { [VARIABLE]: `${seconds}s` };
}

/**
 * Writes a module that a node loads first, after which its clock is off by so many seconds: all that asks for the date is told the wrong one.
 *
 * @returns what NODE_OPTIONS must hold
 */
export function skewedNode(file: string, seconds: number): string {
  writeFileSync(
    file,
    `const { now } = Date;
const Right = Date;
globalThis.Date = class Date extends Right {
  constructor(...parts) {
    if (parts.length === 0) super(Date.now());
    else super(...parts);
  }
  static now() {
    return now() + ${seconds * 1000};
  }
};
`,
  );
  return `--import=file://${file}`;
}
