import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";

export const ledgerReplay = defineCommand({
  name: "replay",
  summary: "Execute all blocks of the home's ledger anew and compare every root. The node must be down.",
  examples: ["hansa ledger replay", "hansa ledger replay --json"],
  async run(shell) {
    const { replayLedger } = await import("#node");
    const found = await replayLedger({
      home: shell.home,
      passphrase: await shell.passphrase(),
      group: shell.localGroup,
      signal: shell.io.signal,
      progress: (height, of) => {
        if (shell.io.stderr.isTerminal) shell.io.stderr.write(`\rblock ${height} of ${of}`);
        if (shell.io.stderr.isTerminal && height === of) shell.io.stderr.write("\n");
      },
    });
    const { group, blocks, transactions, root, differs } = found;
    if (differs !== undefined)
      throw cliError("cli.replay-differs", `block ${differs.height}: ${differs.what} differs`, { group, ...differs });
    const text = shell.fields([
      ["group", group],
      ["blocks", String(blocks)],
      ["transactions", String(transactions)],
      ["state", root],
      ["roots", shell.status("ok")],
    ]);
    return { json: found, text };
  },
});
