import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createKeyFile } from "#crypto/node";
import { defineCommand } from "../../command.ts";
import { createKey, type KeyOptions } from "../../home/create-key.ts";
import { KEY_FILE, saveIdentity } from "../../home/identities.ts";

interface Options extends KeyOptions {
  readonly alliance?: string;
}

export const keyCreate = defineCommand<[name: string], Options>({
  name: "create",
  summary:
    "Make a key in the home's key file, which is made, too, where there is none. Needs no node, if told the alliance.",
  arguments: [{ name: "<name>", description: "of the key, and of the identity that it gives" }],
  options: [
    { flags: "--algorithm <name>", description: "of the key (Ed25519)", choices: ["Ed25519", "P-256", "secp256k1"] },
    { flags: "--alliance <name>", description: "whose DID it gives; that of the home or the node where left out" },
  ],
  examples: ["hansa key create member --alliance hanse --home ./acme", "hansa key create line-2 --algorithm P-256"],
  async run(shell, options, name) {
    const path = join(shell.home, KEY_FILE);
    if (!existsSync(path)) {
      mkdirSync(shell.home, { recursive: true, mode: 0o700 });
      (await createKeyFile(path, await shell.passphrase(true))).close();
    }
    const alliance = options.alliance ?? (await shell.alliance());
    const identity = await createKey(shell, name, { ...options, alliance }, false);
    saveIdentity(shell.home, name, identity);
    const text = shell.fields([
      ["key", name],
      ["algorithm", identity.algorithm],
      ["public key", identity.publicKey],
      ["did", identity.did],
    ]);
    return { json: identity, text };
  },
});
