import { type Answer, defineCommand } from "../../command.ts";
import { readBytes } from "../../home/files.ts";
import { withWallet } from "../../home/open-wallet.ts";
import {
  BACKUP_PASSPHRASE_OPTION,
  type BackupPassphraseOptions,
  backupPassphrase,
} from "../../wallet/backup-passphrase.ts";

interface Options extends BackupPassphraseOptions {
  readonly merge?: boolean;
}

export const walletRestore = defineCommand<[file: string], Options>({
  name: "restore",
  summary:
    "Bring a wallet's backup back: into a new or empty wallet, or merged with what is there. Overwrites nothing.",
  arguments: [{ name: "<file>", description: "as `wallet backup` wrote it" }],
  options: [{ flags: "--merge", description: "into a wallet that holds something" }, BACKUP_PASSPHRASE_OPTION],
  examples: ["hansa wallet restore alice.wallet --home ./new-laptop", "hansa wallet restore alice.wallet --merge"],
  async run(shell, { merge = false, ...options }, file): Promise<Answer> {
    const bytes = readBytes(shell.path(file));
    const passphrase = await backupPassphrase(shell, options);
    return withWallet(
      shell,
      async (wallet) => {
        const restored = await wallet.restore(bytes, passphrase, { merge });
        const { keys, credentials, shown, known } = restored;
        const text = shell.fields([
          ["keys", String(keys)],
          ["credentials", String(credentials)],
          ["lines of the log", String(shown)],
          known === 0 ? undefined : ["there already", String(known)],
        ]);
        return { json: restored, text };
      },
      { create: true },
    );
  },
});
