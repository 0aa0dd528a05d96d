/** What a home tells without its passphrase: who it belongs to, and its groups. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { compareText } from "#base";
import { checkGenesis, type Genesis, groupIdOf } from "#protocol";
import { readJsonFile } from "./files.ts";

export interface HomeGroup {
  readonly name: string;
  readonly id: string;
  readonly genesis: Genesis;
}

/** Key file entry of the member that runs the home's node; `undefined` where nothing is configured. */
export function configuredMember(home: string): string | undefined {
  const path = join(home, "config.json");
  if (!existsSync(path)) return undefined;
  const config = readJsonFile(path) as { readonly member?: unknown } | null;
  return typeof config?.member === "string" ? config.member : undefined;
}

/** Whether the home's node listens with TLS. */
export function configuredTls(home: string): boolean {
  const path = join(home, "config.json");
  if (!existsSync(path)) return false;
  const { tls } = readJsonFile(path) as { readonly tls?: { readonly mode?: unknown } };
  return tls?.mode === "server" || tls?.mode === "mutual";
}

/** The groups of a home, by name. */
export function groupsOfHome(home: string): HomeGroup[] {
  const folder = join(home, "groups");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort(compareText)
    .filter((name) => existsSync(join(folder, name, "genesis.json")))
    .map((name) => {
      const genesis = checkGenesis(readJsonFile(join(folder, name, "genesis.json")));
      return { name, id: groupIdOf(genesis), genesis };
    });
}
