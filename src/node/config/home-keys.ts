/** The keys of a home: its key file, and what a member has of its own in each group. */
import { existsSync, mkdirSync } from "node:fs";
import { createSigner, type Signer } from "#crypto";
import { createKeyFile, type KeyFile, type KeyFileOptions, type KeyStore, openKeyFile, wipe } from "#crypto/node";
import type { JoiningKeys } from "#protocol";
import type { Home } from "./home.ts";

/**
 * Opens the key file of a home; where there is none, folder and key file are made. One that is there already belongs to an attempt that
 * did not come to its end, to another group, or was brought along: its keys are used.
 *
 * @param cost - of guessing the passphrase, for a new file
 * @throws HansaError `crypto.keystore-*`, `crypto.passphrase`
 */
export async function openHomeKeys(
  home: Home,
  passphrase: string,
  cost?: NonNullable<KeyFileOptions["cost"]>,
): Promise<KeyFile> {
  mkdirSync(home.folder, { recursive: true, mode: 0o700 });
  mkdirSync(home.backups, { recursive: true, mode: 0o700 });
  return existsSync(home.keyFile)
    ? openKeyFile(home.keyFile, passphrase)
    : createKeyFile(home.keyFile, passphrase, cost === undefined ? {} : { cost });
}

/** Name, in the key file, of the key that votes in a group (under solo: that signs headers). */
export function engineKeyName(group: string): string {
  return `engine/${group}`;
}

/** A member's keys in a group, made where they are missing: its own, the one that votes, and the node's among its peers. */
export function groupKeys(keys: KeyStore, member: string, group: string): JoiningKeys {
  const names = new Set(keys.list().map((entry) => entry.name));
  const signerOf = (name: string): Signer => {
    if (!names.has(name)) keys.generate(name, "Ed25519");
    return keys.signer(name);
  };
  // Made now, so that the node's first start need not write the key file.
  wipe(keys.dataKey(`data/${group}`));
  return { member: signerOf(member), voting: signerOf(engineKeyName(group)), node: nodeSigner(keys, group) };
}

/** The node's key among its peers: made of a seed that the key file keeps. */
export function nodeSigner(keys: KeyStore, group: string): Signer {
  const seed = keys.dataKey(`node/${group}`);
  try {
    return createSigner("Ed25519", seed);
  } finally {
    wipe(seed);
  }
}
