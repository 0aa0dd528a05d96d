/** Takes groups into a home and out of it. Every step may be repeated: whatever a crash left half done the next call completes. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { type CheckedFounding, encodeFounding, groupIdOf, requireApproved } from "#protocol";
import { nodeError } from "../errors.ts";
import { DEFAULT_CONFIG, type NodeConfig, parseConfig } from "./config.ts";
import { type Home, readGenesis } from "./home.ts";
import { engineKeyName } from "./home-keys.ts";

/** Where a node listens for peers. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

export interface InstallOptions {
  readonly home: Home;
  /** All founders must have signed it. */
  readonly founding: CheckedFounding;
  /** Key file entry of the member that runs the node. */
  readonly member: string;
  /** `host:port` where others dial this node. */
  readonly address: string;
  /** Where it listens, if that does not follow from the address. */
  readonly listen?: Listen | undefined;
  /** Nodes to dial first, for a home that joins a group which runs; else those of the genesis alone. */
  readonly peers?: readonly { readonly node: string; readonly address: string }[];
  /** Of a home that has no configuration yet. */
  readonly config?: Partial<Pick<NodeConfig, "http" | "mqtt" | "limits" | "signatureThreads" | "log">>;
}

export interface InstallResult {
  readonly groupId: string;
  /** Whether the home had the group already. */
  readonly repeated: boolean;
}

/** Where to listen for an address that others dial: on loopback for a loopback address, else everywhere. */
export function listenOf(address: string): Listen {
  const cut = address.lastIndexOf(":");
  const host = address.slice(0, cut).replace(/^\[|\]$/g, "");
  const port = Number(address.slice(cut + 1));
  if (host === "localhost") return { host: "127.0.0.1", port };
  if (host === "::1" || /^127(\.[0-9]{1,3}){3}$/.test(host)) return { host, port };
  return { host: isIPv6(host) ? "::" : "0.0.0.0", port };
}

/** The configuration of a home, for changing it; `undefined` where there is none. */
export function storedConfig(home: Home): NodeConfig | undefined {
  return existsSync(home.configFile) ? parseConfig(readFileSync(home.configFile, "utf8")) : undefined;
}

/** In one step: a node that starts meanwhile sees the old file or the new one. */
function place(path: string, text: string): void {
  const fresh = `${path}.new`;
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, path);
}

/**
 * Puts a founded group into a home: genesis, founding file and, last, the configuration's entry. `hansa up` then runs it.
 *
 * @throws HansaError `founding.unapproved`, `node.group-exists`, `node.other-member`, `node.config`
 * @example
 * ```ts
 * installGroup({ home: homeAt(".hansa"), founding: decodeFounding(text), member: "member", address: "ledger.acme.example:7422" });
 * ```
 */
export function installGroup(options: InstallOptions): InstallResult {
  const { home, founding, member, listen, address } = options;
  requireApproved(founding);
  const { genesis } = founding.founding;
  const files = home.group(genesis.group);
  const before = storedConfig(home);
  const known = existsSync(files.genesis);
  if (known && groupIdOf(readGenesis(files.genesis)) !== founding.groupId)
    throw nodeError("node.group-exists", `${home.folder} holds another group ${genesis.group}`, {
      group: genesis.group,
    });
  if (before !== undefined && before.member !== member)
    throw nodeError("node.other-member", `the node of ${home.folder} is run by ${before.member}, not by ${member}`, {
      member: before.member,
    });
  const config = before ?? { ...DEFAULT_CONFIG, ...options.config, member, hosted: [], groups: [] };
  const entry = { name: genesis.group, engineKey: engineKeyName(genesis.group), p2p: listen ?? listenOf(address) };
  const entered = config.groups.some(({ name }) => name === genesis.group);
  // What the operator has set since stays, unless this call says otherwise.
  const again = listen === undefined ? {} : { p2p: listen };
  const groups = entered
    ? config.groups.map((other) => (other.name === genesis.group ? { ...entry, ...other, ...again } : other))
    : [...config.groups, entry];
  // Held against the schema before anything is written.
  const next = parseConfig(JSON.stringify({ ...config, groups }));
  mkdirSync(files.folder, { recursive: true, mode: 0o700 });
  if (!known) place(files.genesis, `${JSON.stringify(genesis, null, 2)}\n`);
  place(files.founding, encodeFounding(founding.founding));
  if (options.peers !== undefined) place(files.peers, `${JSON.stringify(options.peers, null, 2)}\n`);
  place(home.configFile, `${JSON.stringify(next, null, 2)}\n`);
  return { groupId: founding.groupId, repeated: known && entered };
}

/** Takes a group out of the configuration; the node's next start no longer serves it. Answers whether it was there. */
export function removeGroupEntry(home: Home, group: string): boolean {
  const config = storedConfig(home);
  if (config === undefined || !config.groups.some(({ name }) => name === group)) return false;
  const groups = config.groups.filter(({ name }) => name !== group);
  place(home.configFile, `${JSON.stringify({ ...config, groups }, null, 2)}\n`);
  return true;
}

/**
 * Moves a group's files out of the way, to `left/<group>-<n>`; nothing is deleted. No node may have them open.
 *
 * @returns where they are now; `undefined` where there were none
 */
export function setGroupAside(home: Home, group: string): string | undefined {
  const { folder } = home.group(group);
  if (!existsSync(folder)) return undefined;
  mkdirSync(home.left, { recursive: true, mode: 0o700 });
  let number = 1;
  while (existsSync(join(home.left, `${group}-${number}`))) number++;
  const to = join(home.left, `${group}-${number}`);
  renameSync(folder, to);
  return to;
}
