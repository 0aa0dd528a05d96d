import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSigner } from "#crypto";
import { cometAddress, groupIdOf } from "#protocol";
import { type ConfigFacts, cometConfig, cometGenesis, writeConfigFiles } from "./config-files.ts";
import { ENGINE, genesisOf, makeNode, tempFolder, WITH_ENGINE } from "./process.suite.ts";
import { tomlOf } from "./toml.ts";

const FACTS: ConfigFacts = {
  moniker: "acme",
  application: "/run/x/application.sock",
  signerSocket: "/run/x/signer.sock",
  rpcSocket: "/run/x/rpc.sock",
  p2pPort: 1234,
  peers: [{ node: "ab".repeat(20), host: "127.0.0.1", port: 4001 }],
  nodeKeyFile: "/dev/fd/3",
  unusedKeyFile: "/run/x/key.json",
  unusedStateFile: "/run/x/state.json",
};
const SYNC = {
  rpcServers: ["http://127.0.0.1:1", "http://127.0.0.1:2"],
  trustHeight: 7,
  trustHash: "ab".repeat(32),
  trustPeriod: 3600,
};

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

/** Section and key of every line that sets something. */
function keysOf(toml: string): string[] {
  let section = "";
  return toml.split("\n").flatMap((line) => {
    section = /^\[(.+)\]$/.exec(line)?.[1] ?? section;
    const key = /^([A-Za-z0-9_-]+) = /.exec(line)?.[1];
    return key === undefined ? [] : [`${section}.${key}`];
  });
}

describe("the configuration", () => {
  it("idles without transactions, rechecks nothing, admits peers by the application, and listens on loopback and in the private folder alone", () => {
    const config = cometConfig(FACTS);
    expect(config["consensus"]).toMatchObject({ create_empty_blocks: false, timeout_commit: "100ms" });
    expect(config["mempool"]).toMatchObject({ recheck: false });
    expect(config[""]).toMatchObject({ filter_peers: true, priv_validator_laddr: "unix:///run/x/signer.sock" });
    expect(config["p2p"]).toMatchObject({
      laddr: "tcp://127.0.0.1:1234",
      pex: false,
      persistent_peers: `${"ab".repeat(20)}@127.0.0.1:4001`,
    });
    expect(config["rpc"]).toMatchObject({ laddr: "unix:///run/x/rpc.sock", grpc_laddr: "", pprof_laddr: "" });
  });

  it("keeps a round below half a minute after an hour of failing rounds", () => {
    const config = cometConfig(FACTS)["consensus"] as Record<string, string>;
    const value = (key: string) => Number.parseInt(config[key] ?? "", 10);
    let spent = 0;
    let length = 0;
    for (let round = 0; spent < 3_600_000; round++) {
      length =
        value("timeout_propose") +
        value("timeout_prevote") +
        value("timeout_precommit") +
        round * (value("timeout_propose_delta") + value("timeout_prevote_delta") + value("timeout_precommit_delta"));
      spent += length;
    }
    expect(length).toBeLessThan(30_000);
  });

  it("refuses a peer or the grounds of a state sync that are not such, before anything is written", () => {
    const bad = [
      { ...FACTS, peers: [{ node: "AB".repeat(20), host: "127.0.0.1", port: 1 }] },
      { ...FACTS, peers: [{ node: "ab".repeat(20), host: 'x",y="', port: 1 }] },
      { ...FACTS, peers: [{ node: "ab".repeat(20), host: "127.0.0.1", port: 0 }] },
      { ...FACTS, stateSync: { ...SYNC, rpcServers: ["http://127.0.0.1:1"] } },
      { ...FACTS, stateSync: { ...SYNC, trustHash: "ab" } },
      { ...FACTS, stateSync: { ...SYNC, trustHeight: 0 } },
    ];
    for (const facts of bad)
      expect(() => cometConfig(facts)).toThrow(expect.objectContaining({ code: "engine.process-failed" }));
  });

  it("quotes whatever a moniker holds", () => {
    expect(tomlOf({ "": { moniker: 'a"\nb = "c\u007f\\' } })).toBe('moniker = "a\\"\\nb = \\"c\\u007f\\\\"\n');
  });

  it("is readable for its owner alone", () => {
    const genesis = genesisOf([makeNode()]);
    const home = join(folder.path, "home");
    writeConfigFiles(home, FACTS, cometGenesis(genesis, groupIdOf(genesis)));
    for (const path of ["", "config", "data", "config/config.toml", "config/genesis.json"])
      expect(statSync(join(home, path)).mode & 0o077, path).toBe(0);
  });
});

describe("CometBFT's genesis", () => {
  it("is the same for every member, and names validators by their nodes", () => {
    const nodes = [makeNode(), makeNode()];
    const genesis = genesisOf(nodes, 1_767_225_600_123);
    const made = cometGenesis(genesis, groupIdOf(genesis)) as Record<string, unknown>;
    expect(cometGenesis(structuredClone(genesis), groupIdOf(genesis))).toEqual(made);
    expect(made).toMatchObject({ genesis_time: "2026-01-01T00:00:00.123Z", app_hash: "" });
    expect(made["validators"]).toEqual(
      nodes.map(({ seed, signer }) => ({
        address: cometAddress({ algorithm: "Ed25519", bytes: signer.publicKey }).toUpperCase(),
        pub_key: {
          type: "tendermint/PubKeyEd25519",
          value: Buffer.from(signer.publicKey).toString("base64"),
        },
        power: "1",
        name: cometAddress({ algorithm: "Ed25519", bytes: createSigner("Ed25519", seed).publicKey }),
      })),
    );
  });

  it("is refused for a group of another engine", () => {
    const genesis = { ...genesisOf([makeNode()]), engine: { kind: "solo" as const, key: "z6Mk" } };
    expect(() => cometGenesis(genesis, "hanse:main:x")).toThrow(expect.objectContaining({ code: "engine.wrong-key" }));
  });
});

describe.skipIf(ENGINE === undefined)(`the real program's own configuration${WITH_ENGINE}`, () => {
  it("has every key that is written, so that none is misspelt", () => {
    const home = join(folder.path, "defaults");
    execFileSync(ENGINE?.path as string, ["init", "--home", home], { env: { HOME: folder.path } });
    const known = new Set(keysOf(readFileSync(join(home, "config", "config.toml"), "utf8")));
    expect(known.size).toBeGreaterThan(80);
    const written = keysOf(tomlOf(cometConfig({ ...FACTS, stateSync: SYNC })));
    expect(written.filter((key) => !known.has(key))).toEqual([]);
    expect(keysOf("[p2p]\npxe = false\n").filter((key) => !known.has(key))).toEqual(["p2p.pxe"]);
    // The genesis, too: what the program does not know it would leave out without a word.
    const genesis = genesisOf([makeNode()]);
    const own = JSON.parse(readFileSync(join(home, "config", "genesis.json"), "utf8"));
    expect(pathsOf(cometGenesis(genesis, groupIdOf(genesis)))).toEqual(pathsOf(own));
  });
});

function pathsOf(value: unknown, at = ""): string[] {
  if (typeof value !== "object" || value === null) return [at];
  if (Array.isArray(value)) return value.slice(0, 1).flatMap((item) => pathsOf(item, `${at}[]`));
  return Object.entries(value)
    .flatMap(([key, item]) => pathsOf(item, `${at}.${key}`))
    .sort();
}
