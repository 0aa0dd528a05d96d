/** A home: one folder with a member's configuration, keys and groups. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isHansaError, parseJson } from "#base";
import { checkGenesis, type Genesis } from "#protocol";
import { nodeError } from "../errors.ts";
import { type NodeConfig, parseConfig } from "./config.ts";

export interface Home {
  readonly folder: string;
  readonly configFile: string;
  readonly keyFile: string;
  readonly backups: string;
  /** Groups that the member left. */
  readonly left: string;
  group(name: string): GroupFiles;
}

export interface GroupFiles {
  readonly folder: string;
  readonly genesis: string;
  /** The founding file that the genesis came in, and this member's own joining file. Solo groups have neither. */
  readonly founding: string;
  readonly joining: string;
  readonly ledger: string;
  readonly events: string;
  readonly trail: string;
  /** What only this node knows of consensus: its last vote, and the votes for changes of validators. In no backup: an old vote is a danger. */
  readonly consensus: string;
  /** Where the group goes on from another one: that one's records. Its first block is made of them. */
  readonly inherited: string;
  /** CometBFT's own folder. */
  readonly comet: string;
  /** Snapshots for peers. */
  readonly snapshots: string;
  /** Nodes to begin with where the ledger has not begun: `[{ node, address }]`. */
  readonly peers: string;
}

/** Where things are in a home. Nothing is read or made. */
export function homeAt(folder: string): Home {
  return {
    folder,
    configFile: join(folder, "config.json"),
    keyFile: join(folder, "keys.json"),
    backups: join(folder, "backups"),
    left: join(folder, "left"),
    group(name) {
      const base = join(folder, "groups", name);
      return {
        folder: base,
        genesis: join(base, "genesis.json"),
        founding: join(base, "founding.json"),
        joining: join(base, "joining.jws"),
        ledger: join(base, "ledger.db"),
        events: join(base, "events.db"),
        trail: join(base, "trail.db"),
        consensus: join(base, "consensus.db"),
        inherited: join(base, "inherited.db"),
        comet: join(base, "cometbft"),
        snapshots: join(base, "snapshots"),
        peers: join(base, "peers.json"),
      };
    },
  };
}

/**
 * The configuration of a home whose node is to run.
 *
 * @throws HansaError `node.home-missing`, `node.config`, `node.no-group`
 */
export function readConfig(home: Home, environment: Readonly<Record<string, string | undefined>>): NodeConfig {
  if (!existsSync(home.configFile))
    throw nodeError("node.home-missing", `${home.folder} holds no Hansa home`, { folder: home.folder });
  const config = parseConfig(readFileSync(home.configFile, "utf8"), environment);
  if (config.groups.length === 0)
    throw nodeError("node.no-group", `the home ${home.folder} is in no group`, { folder: home.folder });
  return config;
}

/** @throws HansaError `node.config` */
export function readGenesis(file: string): Genesis {
  try {
    return checkGenesis(parseJson(readFileSync(file, "utf8"), { depth: 8, integers: true }));
  } catch (error) {
    throw nodeError(
      "node.config",
      `${file}: ${isHansaError(error) ? error.message : "cannot be read"}`,
      { path: file },
      error,
    );
  }
}
