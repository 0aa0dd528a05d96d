import { transactionStatus } from "#sdk";
import { defineCommand } from "../../command.ts";

export const ledgerTransaction = defineCommand<[id: string]>({
  name: "transaction",
  summary: "Show what became of a transaction.",
  arguments: [{ name: "<id>", description: "hexadecimal id" }],
  examples: ["hansa ledger transaction 67400d3c5f3a0b1c2d3e4f5061728394a5b6c7d8"],
  async run(shell, _, id) {
    const found = await transactionStatus(shell.client, id, { signal: shell.io.signal });
    if (found.status !== "committed") return { json: found, text: shell.status(found.status) };
    const { receipt } = found;
    if (receipt.code === 0) return { json: found, text: shell.receipt(receipt).text };
    const { error } = receipt;
    const text = `${shell.status("refused")} in block ${receipt.height}, transaction ${receipt.index}: ${error?.code ?? receipt.code}: ${shell.value(error?.message ?? "")}`;
    return { json: found, text };
  },
});
