import { findPassphrase } from "../home/passphrase.ts";
import type { Shell } from "../shell.ts";

/** Option of commands that write or read a backup. */
export const BACKUP_PASSPHRASE_OPTION = {
  flags: "--backup-passphrase-file <file>",
  description: "file with the backup's own passphrase; that of the home where left out",
};

export interface BackupPassphraseOptions {
  readonly backupPassphraseFile?: string;
}

/** The passphrase of a backup: of its own, where a file says so. */
export function backupPassphrase(
  shell: Shell,
  { backupPassphraseFile: file }: BackupPassphraseOptions,
): Promise<string> {
  return file === undefined ? shell.passphrase() : findPassphrase(shell.io, shell.path(file), false);
}
