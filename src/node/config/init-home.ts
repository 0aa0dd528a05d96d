import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { encodeMultikey, type Signer } from "#crypto";
import {
  checkGenesis,
  DEFAULT_PARAMETERS,
  type Did,
  didOf,
  type Genesis,
  groupIdOf,
  type Parameters,
  type Role,
} from "#protocol";
import { nodeError } from "../errors.ts";
import { DEFAULT_CONFIG, type NodeConfig, parseConfig } from "./config.ts";
import { homeAt } from "./home.ts";
import { openHomeKeys } from "./home-keys.ts";

export interface FoundingMember {
  /** Name of the key file entry, and of the member. */
  readonly name: string;
  readonly label?: string;
  readonly roles: readonly Role[];
}

export interface InitOptions {
  readonly folder: string;
  readonly passphrase: string;
  readonly alliance: string;
  readonly group: string;
  /** The first runs the node; keys of all are made in this home. */
  readonly members: readonly FoundingMember[];
  /** Further keys to make, of members that this node will play for once they have joined. */
  readonly hosted?: readonly string[];
  readonly parameters?: Partial<Parameters>;
  /** Milliseconds: the genesis's time. */
  readonly now: number;
  readonly config?: Partial<Pick<NodeConfig, "http" | "mqtt" | "limits" | "signatureThreads" | "log" | "identity">>;
}

export interface InitResult {
  readonly folder: string;
  readonly groupId: string;
  readonly members: readonly { readonly name: string; readonly did: Did }[];
}

function publicKeyOf(signer: Signer) {
  return { algorithm: signer.algorithm, bytes: signer.publicKey };
}

/**
 * Makes a home: key file, genesis of one group, configuration. The configuration is written last, so that a home is whole or not
 * there.
 *
 * @throws HansaError `node.home-exists`, `node.config`
 * @example
 * ```ts
 * await initHome({ folder: ".hansa", passphrase, alliance: "hanse", group: "main", now: Date.now(), members: [{ name: "acme", roles: ["platform"] }] });
 * ```
 */
export async function initHome(options: InitOptions): Promise<InitResult> {
  const home = homeAt(options.folder);
  if (existsSync(home.configFile))
    throw nodeError("node.home-exists", `${options.folder} holds a home already`, { folder: options.folder });
  const [first] = options.members;
  if (first === undefined) throw nodeError("node.config", "a group wants at least one member", { path: "/members" });
  const config = parseConfig(
    JSON.stringify({
      ...DEFAULT_CONFIG,
      ...options.config,
      member: first.name,
      hosted: [...options.members.slice(1).map((member) => member.name), ...(options.hosted ?? [])],
      groups: [{ name: options.group, engineKey: `engine/${options.group}` }],
    }),
  );
  const keys = await openHomeKeys(home, options.passphrase);
  try {
    const names = new Set(keys.list().map((entry) => entry.name));
    const signerOf = (name: string): Signer => {
      if (!names.has(name)) keys.generate(name, "Ed25519");
      names.add(name);
      return keys.signer(name);
    };
    const members = options.members.map((member) => {
      const key = publicKeyOf(signerOf(member.name));
      return {
        did: didOf(options.alliance, key),
        name: member.label ?? member.name,
        roles: [...member.roles],
        publicKey: encodeMultikey(key),
      };
    });
    const genesis: Genesis = checkGenesis({
      version: 1,
      alliance: options.alliance,
      group: options.group,
      time: options.now,
      engine: { kind: "solo", key: encodeMultikey(publicKeyOf(signerOf(`engine/${options.group}`))) },
      members,
      parameters: { ...DEFAULT_PARAMETERS, ...options.parameters },
    });
    for (const name of options.hosted ?? []) signerOf(name);
    // Made now, so that the node's first start need not write the key file.
    keys.dataKey(`data/${options.group}`);
    const files = home.group(options.group);
    mkdirSync(dirname(files.genesis), { recursive: true, mode: 0o700 });
    writeFileSync(files.genesis, `${JSON.stringify(genesis, null, 2)}\n`, { mode: 0o600 });
    writeFileSync(home.configFile, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
    return {
      folder: home.folder,
      groupId: groupIdOf(genesis),
      members: members.map((member, i) => ({ name: (options.members[i] as FoundingMember).name, did: member.did })),
    };
  } finally {
    keys.close();
  }
}
