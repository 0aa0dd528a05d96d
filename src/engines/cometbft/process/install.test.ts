import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findCometbft, installedPath, lookForCometbft } from "./find-cometbft.ts";
import { installFromArchive, installFromSource, otherWays, releaseArchive } from "./install.ts";
import { ENGINE, tempFolder, WITH_ENGINE } from "./process.suite.ts";
import { COMETBFT_VERSION, fitsVersion } from "./version.ts";

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

const program = () => ENGINE?.path as string;
const environment = (more: Record<string, string> = {}) => ({ HOME: folder.path, XDG_DATA_HOME: folder.path, ...more });
const silent = () => {};
const digestOf = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** An archive as the makers' build packs it. */
function pack(name: string, file: string): string {
  const from = join(folder.path, "packing");
  mkdirSync(from, { recursive: true });
  if (file.startsWith("/")) copyFileSync(file, join(from, name));
  else writeFileSync(join(from, name), file);
  chmodSync(join(from, name), 0o755);
  writeFileSync(join(from, "LICENSE"), "…");
  const archive = join(folder.path, "cometbft.tar.gz");
  execFileSync("tar", ["-czf", archive, "-C", from, "LICENSE", name]);
  return archive;
}

/** Nothing is left of an installation that failed. */
function expectNothingInstalled() {
  const place = installedPath(environment());
  expect(existsSync(place)).toBe(false);
  if (existsSync(dirname(place))) expect(readdirSync(dirname(place))).toEqual([]);
}

describe("the version that fits", () => {
  it("is the pinned one or a later patch of its line", () => {
    for (const version of [COMETBFT_VERSION, "v0.38.25", "0.38.26", "0.38.100", "0.38.25+3ad1d0d"])
      expect(fitsVersion(version), version).toBe(true);
    for (const version of ["0.38.24", "0.38.2", "0.37.25", "0.39.25", "1.0.0", "0.38", "", "0.38.25 rc", "0.38.25\n1"])
      expect(fitsVersion(version), version).toBe(false);
  });
});

describe("looking for the program", () => {
  it("says where it looked, what it found there, and how to get it", async () => {
    const env = environment({ PATH: folder.path });
    writeFileSync(join(folder.path, "cometbft"), "#!/bin/sh\necho 1.0.1\n", { mode: 0o755 });
    await expect(findCometbft(env)).rejects.toMatchObject({
      code: "engine.missing",
      advice: expect.stringContaining("hansa engine install"),
      message: expect.stringMatching(/there is no program.*"1\.0\.1", which does not fit/),
    });
    expect(await lookForCometbft(env)).toEqual([
      { where: "installed", path: installedPath(env), version: undefined, problem: "there is no program" },
      expect.objectContaining({ where: "PATH", version: "1.0.1" }),
    ]);
  });

  it("takes nothing else where HANSA_COMETBFT names one that does not fit", async () => {
    const named = join(folder.path, "broken");
    writeFileSync(named, "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    const looked = await lookForCometbft(environment({ HANSA_COMETBFT: named, PATH: "/usr/bin:/bin" }));
    expect(looked).toEqual([expect.objectContaining({ where: "HANSA_COMETBFT", path: named })]);
    expect(looked[0]?.problem).toContain("it does not run");
  });

  it.skipIf(ENGINE === undefined)(
    `takes the named one first, then the installed one, then PATH's${WITH_ENGINE}`,
    async () => {
      const env = environment({ PATH: join(folder.path, "bin") });
      const onPath = join(folder.path, "bin", "cometbft");
      mkdirSync(dirname(onPath));
      copyFileSync(program(), onPath);
      expect(await findCometbft(env)).toMatchObject({ where: "PATH", path: onPath });
      mkdirSync(dirname(installedPath(env)), { recursive: true });
      copyFileSync(program(), installedPath(env));
      expect(await findCometbft(env)).toMatchObject({ where: "installed", path: installedPath(env) });
      expect(await findCometbft({ ...env, HANSA_COMETBFT: program() })).toMatchObject({ where: "HANSA_COMETBFT" });
    },
  );
});

describe("installing from an archive", () => {
  it.skipIf(ENGINE === undefined)(`puts its program in place where the digest is right${WITH_ENGINE}`, async () => {
    const archive = pack("cometbft", program());
    const env = environment();
    const path = await installFromArchive(archive, digestOf(archive).toUpperCase(), { env, progress: silent });
    expect(path).toBe(installedPath(env));
    expect(await findCometbft(env)).toMatchObject({ where: "installed", path });
    expect(readdirSync(dirname(path))).toEqual(["cometbft"]);
  });

  it("refuses another digest, and runs nothing of it", async () => {
    const trace = join(folder.path, "ran");
    const archive = pack("cometbft", `#!/bin/sh\ntouch ${trace}\necho ${COMETBFT_VERSION}\n`);
    for (const digest of ["00".repeat(32), "", digestOf(archive).slice(1)])
      await expect(installFromArchive(archive, digest, { env: environment(), progress: silent })).rejects.toMatchObject(
        {
          code: "engine.archive-refused",
        },
      );
    expect(existsSync(trace)).toBe(false);
    expectNothingInstalled();
  });

  it("refuses what holds no such program, another version of it, or is no archive", async () => {
    const other = pack("nginx", "#!/bin/sh\n");
    await expectRefused(other);
    await expectRefused(pack("cometbft", "#!/bin/sh\necho 1.0.1\n"));
    writeFileSync(other, "no archive");
    await expectRefused(other);
    await expect(
      installFromArchive(join(folder.path, "none"), "00".repeat(32), { env: environment(), progress: silent }),
    ).rejects.toMatchObject({ code: "engine.archive-refused" });
  });

  async function expectRefused(archive: string) {
    await expect(
      installFromArchive(archive, digestOf(archive), { env: environment(), progress: silent }),
    ).rejects.toMatchObject({ code: "engine.archive-refused" });
    expectNothingInstalled();
  }
});

describe("installing from source", () => {
  it("names the archive of this machine, its checksums and where they are, for those who have no Go", () => {
    expect(releaseArchive("darwin", "arm64").archive).toBe(`cometbft_${COMETBFT_VERSION}_darwin_arm64.tar.gz`);
    expect(releaseArchive("linux", "x64").archive).toBe(`cometbft_${COMETBFT_VERSION}_linux_amd64.tar.gz`);
    expect(otherWays()).toContain(releaseArchive().page);
    expect(otherWays()).toContain(releaseArchive().checksums);
  });

  it("says that it cannot fetch the source where the machine is offline, and leaves nothing behind", async () => {
    // What Go itself says without a network: its proxy is switched off, and its caches are empty.
    const env = environment({
      PATH: process.env["PATH"] ?? "",
      GOPROXY: "off",
      GOFLAGS: "-modcacherw",
      GOPATH: join(folder.path, "go"),
      GOCACHE: join(folder.path, "cache"),
    });
    const lines: string[] = [];
    const failure = await installFromSource({ env, progress: (line) => lines.push(line) }).catch((error) => error);
    expect(failure).toMatchObject({ code: "engine.install-failed" });
    expect(failure.message).toMatch(/seems to be offline|no Go 1\.22/);
    expect(failure.message).toContain(releaseArchive().archive);
    expectNothingInstalled();
  });
});
