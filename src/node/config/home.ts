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
  group(name: string): GroupFiles;
}

export interface GroupFiles {
  readonly folder: string;
  readonly genesis: string;
  readonly ledger: string;
  readonly events: string;
  readonly trail: string;
}

/** Where things are in a home. Nothing is read or made. */
export function homeAt(folder: string): Home {
  return {
    folder,
    configFile: join(folder, "config.json"),
    keyFile: join(folder, "keys.json"),
    backups: join(folder, "backups"),
    group(name) {
      const base = join(folder, "groups", name);
      return {
        folder: base,
        genesis: join(base, "genesis.json"),
        ledger: join(base, "ledger.db"),
        events: join(base, "events.db"),
        trail: join(base, "trail.db"),
      };
    },
  };
}

/** @throws HansaError `node.home-missing`, `node.config` */
export function readConfig(home: Home, environment: Readonly<Record<string, string | undefined>>): NodeConfig {
  if (!existsSync(home.configFile))
    throw nodeError("node.home-missing", `${home.folder} holds no Hansa home`, { folder: home.folder });
  return parseConfig(readFileSync(home.configFile, "utf8"), environment);
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
