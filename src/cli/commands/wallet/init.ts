import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Algorithm } from "#crypto";
import { createKeyFile } from "#crypto/node";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { KEY_FILE } from "../../home/identities.ts";
import { walletFile, withWallet } from "../../home/open-wallet.ts";

export const walletInit = defineCommand<[], { algorithm?: Algorithm }>({
  name: "init",
  summary:
    "Make a wallet with a first key in the home, whose key file is made, too, where there is none. Needs no node.",
  options: [
    { flags: "--algorithm <name>", description: "of the key (Ed25519)", choices: ["Ed25519", "P-256", "secp256k1"] },
  ],
  examples: ["hansa wallet init", "hansa wallet init --algorithm P-256 --home ./alice"],
  async run(shell, { algorithm = "Ed25519" }) {
    const file = walletFile(shell.home);
    if (existsSync(file)) throw cliError("cli.wallet-exists", `${file} is a wallet already`, { path: file });
    const keyFile = join(shell.home, KEY_FILE);
    if (!existsSync(keyFile)) {
      mkdirSync(shell.home, { recursive: true, mode: 0o700 });
      (await createKeyFile(keyFile, await shell.passphrase(true))).close();
    }
    const key = await withWallet(shell, (wallet) => wallet.createKey(algorithm), { create: true });
    const json = { wallet: file, did: key.controller, key: key.id, algorithm };
    const text = shell.fields([
      ["wallet", file],
      ["did", key.controller],
      ["algorithm", algorithm],
    ]);
    return { json, text };
  },
});
