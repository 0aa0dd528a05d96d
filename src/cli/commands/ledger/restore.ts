import { defineCommand } from "../../command.ts";

export const ledgerRestore = defineCommand<[folder: string]>({
  name: "restore",
  summary: "Put a backup in the place of the home's ledger. The node must be down; the old ledger is kept beside it.",
  arguments: [{ name: "<folder>", description: "backup, as `ledger backup` wrote it" }],
  examples: ["hansa ledger restore .hansa/backups/main-12-q83v3w"],
  async run(shell, _, folder) {
    const { restoreLedger } = await import("#node");
    const restored = await restoreLedger({
      home: shell.home,
      passphrase: await shell.passphrase(),
      folder: shell.path(folder),
      group: shell.localGroup,
    });
    const { group, height, root, kept } = restored;
    const text = shell.fields([
      ["group", group],
      ["height", String(height)],
      ["state", root],
      kept === undefined ? undefined : ["old ledger", kept],
    ]);
    return { json: restored, text };
  },
});
