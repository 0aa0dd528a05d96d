import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openKeyFile } from "#crypto/node";
import { homeAt, readConfig, readGenesis } from "#node";
import { decodeFounding, groupIdOf, missingApprovals } from "#protocol";
import { openTerminal } from "../terminal.suite.ts";
import { buildHomes, readAlliance } from "./build-homes.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hansa-homes-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("homes of a network", () => {
  it("are all in one group that all of them founded", async () => {
    const made = await buildHomes({ folder, members: 4, parameters: { windowSeconds: 30, reads: "anyone" } });
    const checked = decodeFounding(readFileSync(made.founding, "utf8"));
    expect(missingApprovals(checked)).toEqual([]);
    expect(checked.groupId).toBe(made.groupId);
    expect(checked.founding.genesis.parameters).toMatchObject({ windowSeconds: 30, reads: "anyone" });
    for (const { name, folder: at, ports } of made.homes) {
      const home = homeAt(at);
      expect(groupIdOf(readGenesis(home.group("main").genesis))).toBe(made.groupId);
      expect(readConfig(home, {})).toMatchObject({
        member: name,
        http: { host: "127.0.0.1", port: ports.http },
        mqtt: { host: "127.0.0.1", port: ports.mqtt },
        groups: [{ p2p: { host: "127.0.0.1", port: ports.peers } }],
      });
    }
    const ports = made.homes.flatMap(({ ports: { http, mqtt, peers } }) => [http, mqtt, peers]);
    expect(new Set(ports).size).toBe(12);
    expect(readAlliance(folder)).toEqual(made);
  });

  it("have each its own passphrase and keys, readable by their owner alone", async () => {
    const { homes } = await buildHomes({ folder, members: ["one", "two"] });
    for (const { name, folder: at, passphrase } of homes) {
      const keys = await openKeyFile(homeAt(at).keyFile, passphrase);
      expect(keys.list().map((key) => key.name)).toEqual(["engine/main", name]);
      expect(keys.dataKeyNames()).toEqual(["data/main", "node/main"]);
      keys.close();
      for (const file of [homeAt(at).keyFile, join(at, "passphrase"), join(folder, "devnet.json")])
        expect(statSync(file).mode & 0o077, file).toBe(0);
    }
    expect(homes[0]?.passphrase).not.toBe(homes[1]?.passphrase);
    await expect(openKeyFile(homeAt(homes[0]?.folder ?? "").keyFile, homes[1]?.passphrase ?? "")).rejects.toMatchObject(
      {
        code: "crypto.keystore-locked",
      },
    );
  });

  it("may be of members whose nodes do not vote", async () => {
    const { founding, homes } = await buildHomes({ folder, members: 3, validators: 2 });
    const { engine, members } = decodeFounding(readFileSync(founding, "utf8")).founding.genesis;
    expect(members).toHaveLength(3);
    expect(engine.kind === "cometbft" && engine.validators).toHaveLength(2);
    expect(homes.map(({ validator }) => validator)).toEqual([true, true, false]);
  });

  it("are not made for nobody, nor with more votes than members", async () => {
    for (const wrong of [
      { members: 0 },
      { members: 101 },
      { members: 3, validators: 4 },
      { members: 3, validators: 0 },
    ])
      await expect(buildHomes({ folder, ...wrong })).rejects.toMatchObject({ code: "cli.argument" });
  });
});

describe("hansa devnet", () => {
  it("says how to get the engine where there is none, and leaves nothing behind", async () => {
    const terminal = await openTerminal();
    try {
      const env = { HANSA_COMETBFT: join(terminal.cwd, "nowhere") };
      const { exit, err, out } = await terminal.run(["devnet", "--dir", "net"], { env });
      expect(exit).toBe(1);
      expect(out).toBe("");
      expect(err).toContain("engine.missing");
      expect(err).toContain("hansa engine install");
      expect(existsSync(join(terminal.cwd, "net"))).toBe(false);
      expect((await terminal.run(["devnet", "--once", "--for", "3s"])).exit).toBe(2);
      expect((await terminal.run(["devnet", "--members", "none"])).exit).toBe(2);
    } finally {
      await terminal.close();
    }
  });
});
