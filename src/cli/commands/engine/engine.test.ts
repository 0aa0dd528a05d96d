import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTerminal, type Terminal } from "../../terminal.suite.ts";

let terminal: Terminal;
beforeEach(async () => {
  terminal = await openTerminal();
});
afterEach(() => terminal.close());

/** An environment in which no cometbft is found, unless the test puts one there. */
const environment = () => ({ HOME: terminal.cwd, XDG_DATA_HOME: terminal.cwd, PATH: join(terminal.cwd, "bin") });

describe("hansa engine", () => {
  it("status says what is there, what fits, and how to get it otherwise", async () => {
    const bare = await terminal.run(["engine", "status"], { env: environment() });
    expect(bare.exit).toBe(0);
    expect(bare.out).toContain("there is no program");
    expect(bare.out).toContain("hansa engine install");
    await mkdir(join(terminal.cwd, "bin"));
    await writeFile(join(terminal.cwd, "bin", "cometbft"), "#!/bin/sh\necho 0.38.25\n", { mode: 0o755 });
    const found = await terminal.run(["engine", "status", "--json"], { env: environment() });
    expect(found.json).toMatchObject({
      needed: "0.38.25",
      inUse: { where: "PATH", version: "0.38.25", path: join(terminal.cwd, "bin", "cometbft") },
    });
    const again = await terminal.run(["engine", "install"], { env: environment() });
    expect(again).toMatchObject({ exit: 0, out: expect.stringContaining("is there already") });
  });

  it("install says where another program goes on being used", async () => {
    const folder = join(terminal.cwd, "bin");
    await mkdir(folder);
    await writeFile(join(folder, "cometbft"), "#!/bin/sh\necho 0.38.25\n", { mode: 0o755 });
    const archive = join(terminal.cwd, "a.tar.gz");
    execFileSync("tar", ["-czf", archive, "-C", folder, "cometbft"]);
    const digest = createHash("sha256")
      .update(await readFile(archive))
      .digest("hex");
    const argv = ["engine", "install", "--from", "a.tar.gz", "--sha256", digest];
    const elsewhere = { ...environment(), HANSA_COMETBFT: join(terminal.cwd, "none") };
    const named = await terminal.run(argv, { env: elsewhere });
    expect(named).toMatchObject({ exit: 0, out: expect.stringContaining("HANSA_COMETBFT names another") });
    const plain = await terminal.run(argv, { env: environment() });
    expect(plain.out).not.toContain("HANSA_COMETBFT");
  });

  it("install refuses an archive without a digest, and one whose digest differs", async () => {
    await writeFile(join(terminal.cwd, "a.tar.gz"), "anything");
    const without = await terminal.run(["engine", "install", "--from", "a.tar.gz"], { env: environment() });
    expect(without).toMatchObject({ exit: 2, err: expect.stringContaining("cli.argument") });
    const wrong = await terminal.run(["engine", "install", "--from", "a.tar.gz", "--sha256", "0".repeat(64)], {
      env: environment(),
    });
    expect(wrong.exit).toBe(1);
    expect(wrong.err).toContain("engine.archive-refused");
    expect(wrong.err).toContain("try");
  });
});
