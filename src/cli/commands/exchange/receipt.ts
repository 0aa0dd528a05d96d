import { encodeAccessReceiptProof } from "#protocol";
import { getAccessReceipt } from "#sdk";
import { defineCommand } from "../../command.ts";
import { writeNewFile } from "../../home/files.ts";

export const exchangeReceipt = defineCommand<[receipt: string], { out: string; closed?: boolean }>({
  name: "receipt",
  summary: "Write an access receipt with all that proves it, for `hansa verify`: with no network and no node.",
  arguments: [{ name: "<receipt>", description: "id of the receipt" }],
  options: [
    { flags: "--out <file>", description: "where to write it", required: true },
    { flags: "--closed", description: "without what says which data it was" },
  ],
  examples: ["hansa exchange receipt q83vAAAAAAAAAAAAAAAAAA --out receipt.json --as acme"],
  async run(shell, { out, closed }, receipt) {
    const client = await shell.signingClient();
    const { opened, ...rest } = await getAccessReceipt(client, { receipt }, { signal: shell.io.signal });
    const file = closed === true || opened === undefined ? rest : { ...rest, opened };
    writeNewFile(shell.path(out), `${encodeAccessReceiptProof(file)}\n`, 0o600);
    return { json: { file: out, receipt }, text: `${receipt}: written to ${out}; check it with: hansa verify ${out}` };
  },
});
