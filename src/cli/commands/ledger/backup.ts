import { backupGroup } from "#sdk";
import { defineCommand } from "../../command.ts";

export const ledgerBackup = defineCommand({
  name: "backup",
  summary: "Let the node write an online backup into its backup folder; it goes on working. For the node's own member.",
  examples: ["hansa ledger backup --as member"],
  async run(shell) {
    const backup = await backupGroup(await shell.signingClient(), { signal: shell.io.signal });
    return { json: backup, text: `${backup.file}: up to block ${backup.height}` };
  },
});
