/** Homes of a whole alliance on one machine, founded as members on several hosts would: keys, joining files, signatures of all. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeBase64Url } from "#base";
import { randomBytes } from "#crypto";
import type { KeyFile } from "#crypto/node";
import { groupKeys, homeAt, installGroup, type NodeConfig, openHomeKeys } from "#node";
import {
  approveFounding,
  type CheckedFounding,
  checkFounding,
  combineFoundings,
  cometAddress,
  createFounding,
  DEFAULT_PARAMETERS,
  didOf,
  encodeFounding,
  type JoiningKeys,
  type Parameters,
  type Role,
  signJoining,
} from "#protocol";
import { cliError } from "../errors.ts";
import { readJsonFile } from "../home/files.ts";
import { publicKeyOf } from "../home/own-member.ts";
import { freePorts } from "./free-ports.ts";

/** Ports of a member's node. */
export interface MemberPorts {
  readonly http: number;
  readonly mqtt: number;
  /** For other members' nodes. */
  readonly peers: number;
}

export interface BuildOptions {
  /** Where the homes go, one folder each. */
  readonly folder: string;
  /** How many, or their names. */
  readonly members: number | readonly string[];
  /** How many of them bring a node that votes (all); the others' nodes join once the group runs. */
  readonly validators?: number | undefined;
  readonly alliance?: string | undefined;
  readonly group?: string | undefined;
  readonly parameters?: Partial<Parameters> | undefined;
  /** One for each member; any free ones where left out. */
  readonly ports?: readonly MemberPorts[] | undefined;
  /** Address of each member's machine (127.0.0.1). */
  readonly hosts?: readonly string[] | undefined;
  readonly config?: Partial<Pick<NodeConfig, "limits" | "signatureThreads" | "log">> | undefined;
  /** Of the genesis, milliseconds since 1970. */
  readonly now?: number | undefined;
}

/** One member's home. */
export interface MemberHome {
  readonly name: string;
  readonly folder: string;
  readonly passphrase: string;
  readonly did: string;
  /** Id of its node. */
  readonly node: string;
  /** Whether its node votes from the first block on. */
  readonly validator: boolean;
  readonly ports: MemberPorts;
  /** `host:port` for other members' nodes. */
  readonly address: string;
  readonly url: string;
}

export interface Alliance {
  readonly folder: string;
  readonly alliance: string;
  /** Name and id of the group. */
  readonly group: string;
  readonly groupId: string;
  /** The founding file that all have signed. */
  readonly founding: string;
  readonly homes: readonly MemberHome[];
}

const NAMES = ["acme", "borea", "castor", "delphi", "echo", "fornax", "gemini", "hydra", "indus", "juno"] as const;
const ROLES: readonly (readonly Role[])[] = [["platform"], ["platform"], ["maker"], ["lab", "regulator"]];
/** A machine's own network: the least that the key file allows, since dozens of starts would each pay for guessing costs. */
const COST = { passes: 2, memory: 19 * 2 ** 20 };
const DAY = 86_400;
/** Written last: a folder with it holds a whole alliance. */
export const ALLIANCE_FILE = "devnet.json";

/**
 * Makes the homes of an alliance and founds its group. Everything is as `hansa group …` makes it, without the files going around.
 *
 * @throws HansaError `cli.argument`, `cli.file-exists`, `founding.*`
 * @example
 * ```ts
 * const { homes } = await buildHomes({ folder, members: 4 });
 * const nodes = homes.map((home) => startMember(home));
 * ```
 */
export async function buildHomes(options: BuildOptions): Promise<Alliance> {
  const { folder, alliance = "hanse", group = "main", now = Date.now() } = options;
  const names =
    typeof options.members === "number"
      ? Array.from({ length: options.members }, (_, i) => NAMES[i] ?? `member-${i + 1}`)
      : options.members;
  const validators = options.validators ?? names.length;
  if (names.length < 1 || names.length > 100 || validators < 1 || validators > names.length)
    throw cliError("cli.argument", "a network has 1 to 100 members, at least one of which votes", {
      members: names.length,
      validators,
    });
  const ports = options.ports ?? (await anyPorts(names.length));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const opened: KeyFile[] = [];
  try {
    const founders = await Promise.all(
      names.map(async (name, i) => {
        const home = homeAt(join(folder, name));
        const passphrase = encodeBase64Url(randomBytes(24));
        // Its passphrase lies beside it: a network for development has nobody to ask.
        mkdirSync(home.folder, { recursive: true, mode: 0o700 });
        writeFileSync(join(home.folder, "passphrase"), `${passphrase}\n`, { mode: 0o600 });
        const keys = await openHomeKeys(home, passphrase, COST);
        opened.push(keys);
        const own = groupKeys(keys, name, group);
        const { http, mqtt, peers } = ports[i] as MemberPorts;
        const host = options.hosts?.[i] ?? "127.0.0.1";
        const address = `${host}:${peers}`;
        const url = `http://${host}:${http}`;
        const member = describeHome(name, home.folder, passphrase, alliance, own);
        return { ...member, own, validator: i < validators, ports: { http, mqtt, peers }, address, url };
      }),
    );
    const joinings = founders.map(({ name, own, validator, address, url }, i) =>
      signJoining(
        {
          alliance,
          group,
          name,
          roles: ROLES[i] ?? ["platform"],
          ...(validator ? { address, endpoint: url } : {}),
          now,
          seconds: DAY,
        },
        own,
      ),
    );
    const parameters = { ...DEFAULT_PARAMETERS, ...options.parameters };
    const checked = checkFounding(createFounding(joinings, parameters, now));
    const founding = approveAll(checked, founders, now);
    for (const { name, folder: home, address, url, ports: own } of founders) {
      const host = new URL(url).hostname;
      installGroup({
        home: homeAt(home),
        founding,
        member: name,
        address,
        config: {
          ...options.config,
          http: { host, port: own.http },
          mqtt: { host, port: own.mqtt },
        },
      });
    }
    const foundingFile = join(folder, "founding.json");
    writeFileSync(foundingFile, encodeFounding(founding.founding));
    const homes = founders.map(({ own: _, ...home }): MemberHome => home);
    const made: Alliance = { folder, alliance, group, groupId: founding.groupId, founding: foundingFile, homes };
    writeFileSync(join(folder, ALLIANCE_FILE), `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
    return made;
  } finally {
    for (const keys of opened) keys.close();
  }
}

/** Each signs for itself; then the copies are put together. */
function approveAll(
  checked: CheckedFounding,
  founders: readonly { readonly own: JoiningKeys }[],
  now: number,
): CheckedFounding {
  return combineFoundings(founders.map(({ own }) => approveFounding(checked, own.member, now)));
}

function describeHome(name: string, folder: string, passphrase: string, alliance: string, own: JoiningKeys) {
  const did = didOf(alliance, publicKeyOf(own.member));
  return { name, folder, passphrase, did, node: cometAddress(publicKeyOf(own.node)) };
}

async function anyPorts(members: number): Promise<readonly MemberPorts[]> {
  const free = await freePorts(3 * members);
  return Array.from({ length: members }, (_, i) => ({
    http: free[3 * i] as number,
    mqtt: free[3 * i + 1] as number,
    peers: free[3 * i + 2] as number,
  }));
}

/** The alliance that `buildHomes` made in a folder before. */
export function readAlliance(folder: string): Alliance {
  const found = readJsonFile(join(folder, ALLIANCE_FILE)) as unknown as Partial<Alliance> | null;
  if (typeof found?.groupId !== "string" || !Array.isArray(found.homes))
    throw cliError("cli.file-malformed", `${join(folder, ALLIANCE_FILE)} does not describe a network`, {
      path: folder,
    });
  return found as Alliance;
}
