import type { Algorithm } from "#crypto";
import { type Answer, defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { withWallet } from "../../home/open-wallet.ts";

interface Options {
  readonly create?: Algorithm;
  readonly remove?: string;
  readonly force?: boolean;
}

export const walletKeys = defineCommand<[], Options>({
  name: "keys",
  summary: "List the keys that credentials can be issued to: the wallet's own, and the home's identities.",
  options: [
    {
      flags: "--create <algorithm>",
      description: "make another key first",
      choices: ["Ed25519", "P-256", "secp256k1"],
    },
    { flags: "--remove <key>", description: "remove one of the wallet's own first, named by its DID or id" },
    { flags: "--force", description: "also where credentials are held by it" },
  ],
  examples: ["hansa wallet keys", "hansa wallet keys --create P-256 --json"],
  run(shell, { create, remove, force = false }): Promise<Answer> {
    if (force && remove === undefined) throw cliError("cli.argument", "--force goes with --remove");
    return withWallet(shell, async (wallet) => {
      if (remove !== undefined) await wallet.removeKey(remove, force);
      if (create !== undefined) await wallet.createKey(create);
      const keys = await wallet.keys();
      const items = keys.map(({ id, controller, algorithm, kept, created }) => ({
        did: controller,
        key: id,
        algorithm,
        kept,
        created: created ?? null,
      }));
      const rows = items.map(({ did, algorithm, kept, created }) => [
        shell.id(did),
        algorithm,
        kept ? "wallet" : "key file",
        created === null ? "" : shell.time(created),
      ]);
      return { json: { items }, text: shell.table(["did", "algorithm", "kept in", "created"], rows, "no keys") };
    });
  },
});
