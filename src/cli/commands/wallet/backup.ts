import { type Answer, defineCommand } from "../../command.ts";
import { writeNewFile } from "../../home/files.ts";
import { withWallet } from "../../home/open-wallet.ts";
import {
  BACKUP_PASSPHRASE_OPTION,
  type BackupPassphraseOptions,
  backupPassphrase,
} from "../../wallet/backup-passphrase.ts";

export const walletBackup = defineCommand<[file: string], BackupPassphraseOptions>({
  name: "backup",
  summary: "Write the wallet's keys, credentials and log into one encrypted file. The home's own keys are not in it.",
  arguments: [{ name: "<file>", description: "to write; it must not be there" }],
  options: [BACKUP_PASSPHRASE_OPTION],
  examples: [
    "hansa wallet backup alice.wallet",
    "hansa wallet backup alice.wallet --backup-passphrase-file usb/passphrase",
  ],
  async run(shell, options, file): Promise<Answer> {
    const passphrase = await backupPassphrase(shell, options);
    return withWallet(shell, async (wallet) => {
      const bytes = await wallet.backup(passphrase);
      writeNewFile(shell.path(file), bytes, 0o600);
      return { json: { file, bytes: bytes.length }, text: `${file}: ${bytes.length} bytes, encrypted` };
    });
  },
});
