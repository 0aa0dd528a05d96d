/** The wallet of a home: `wallet.db`, whose key the home's key file keeps; and the home's own keys beside those of the wallet. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type KeyFile, wipe } from "#crypto/node";
import type { CredentialSigner, Wallet } from "#identity";
import { didOf, keyIdOf } from "#protocol";
import { cliError } from "../errors.ts";
import type { Shell } from "../shell.ts";
import { groupsOfHome } from "./facts.ts";
import { loadIdentities } from "./identities.ts";

/** Name of the data key in the key file. */
const DATA_KEY = "wallet";

export function walletFile(home: string): string {
  return join(home, "wallet.db");
}

export interface OpenWalletOptions {
  /** Make one where there is none. */
  readonly create?: boolean;
}

/**
 * Runs something with the home's wallet, which nobody else has open meanwhile.
 *
 * @throws HansaError `cli.wallet-missing`, `cli.home-missing`, `storage.*`, and what `run` throws
 */
export async function withWallet<Result>(
  shell: Shell,
  run: (wallet: Wallet) => Promise<Result>,
  { create = false }: OpenWalletOptions = {},
): Promise<Result> {
  const file = walletFile(shell.home);
  if (!create && !existsSync(file))
    throw cliError("cli.wallet-missing", `there is no wallet at ${file}`, { home: shell.home });
  const keys = await shell.keys();
  const [{ Wallet }, { openDatabase, WalletEntries }] = await Promise.all([import("#identity"), import("#storage")]);
  const key = keys.dataKey(DATA_KEY);
  mkdirSync(shell.home, { recursive: true, mode: 0o700 });
  try {
    const store = new WalletEntries(openDatabase({ file, key }));
    const wallet = new Wallet({
      store,
      otherKeys: { signers: () => homeSigners(shell, keys) },
      now: () => shell.io.now(),
    });
    try {
      return await run(wallet);
    } finally {
      await wallet.close();
    }
  } finally {
    wipe(key);
  }
}

/** Identities of the home, under their own DIDs. Keys that order blocks or sign certificates speak for nobody. */
async function homeSigners(shell: Shell, keys: KeyFile): Promise<CredentialSigner[]> {
  const { credentialSigner } = await import("#identity");
  const { identities } = loadIdentities(shell.home);
  const named = Object.values(identities);
  const taken = new Set(named.map(({ key }) => key));
  const alliances = [...new Set(groupsOfHome(shell.home).map(({ genesis }) => genesis.alliance))];
  const [alliance] = alliances;
  return keys.list().flatMap(({ name, algorithm, publicKey }) => {
    const key = { algorithm, bytes: publicKey };
    const dids = named.filter((identity) => identity.key === name).map(({ did }) => did);
    if (!taken.has(name) && !name.includes("/") && alliance !== undefined && alliances.length === 1)
      dids.push(didOf(alliance, key));
    return dids.map((did) => credentialSigner(keys.signer(name), { id: keyIdOf(did, key), controller: did }));
  });
}
