/**
 * `identities.json` of a home: which name stands for which DID and key. Public: the keys are in the key file. A key without an entry is an
 * identity all the same, under its own name and with the DID that it gives.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Algorithm } from "#crypto";
import { isDid } from "#protocol";
import { cliError } from "../errors.ts";
import { readJsonFile, replaceFile } from "./files.ts";

export interface Identity {
  readonly did: string;
  /** Name of the key in the key file. */
  readonly key: string;
  readonly algorithm: Algorithm;
  /** Multikey. */
  readonly publicKey: string;
}

export interface Identities {
  /** Who signs where nobody is named. */
  readonly default?: string | undefined;
  readonly identities: Readonly<Record<string, Identity>>;
}

/** Key file of a home. */
export const KEY_FILE = "keys.json";
const IDENTITIES_FILE = "identities.json";

export function loadIdentities(home: string): Identities {
  const path = join(home, IDENTITIES_FILE);
  if (!existsSync(path)) return { identities: {} };
  const file = readJsonFile(path) as Partial<Identities> | null;
  const identities = file?.identities;
  const fits =
    typeof identities === "object" &&
    identities !== null &&
    Object.values(identities).every(({ did, key }) => typeof key === "string" && typeof did === "string" && isDid(did));
  if (!fits) throw cliError("cli.home-damaged", `${path} does not hold identities`, { path });
  return { default: typeof file?.default === "string" ? file.default : undefined, identities };
}

export function saveIdentities(home: string, identities: Identities): void {
  replaceFile(join(home, IDENTITIES_FILE), `${JSON.stringify(identities, null, 2)}\n`);
}

/** Adds an identity, or replaces the one of that name. The first becomes the default. */
export function saveIdentity(home: string, name: string, identity: Identity): void {
  const before = loadIdentities(home);
  saveIdentities(home, {
    default: before.default ?? name,
    identities: { ...before.identities, [name]: identity },
  });
}
