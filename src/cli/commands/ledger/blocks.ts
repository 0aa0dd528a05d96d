import { type Certificate, decodeTransaction } from "#protocol";
import { getBlock, getBlocks, getGroup } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseCount, parseNumber } from "../../parse.ts";

function describeCertificate(certificate: Certificate): string {
  if (certificate.engine === "solo") return `solo ${certificate.key}`;
  const votes = certificate.commit?.signatures.filter((vote) => vote !== null).length;
  const signed = votes === undefined ? "no votes yet" : `${votes} validators`;
  return `cometbft block ${certificate.block}, ${signed}`;
}

export const ledgerBlocks = defineCommand<[height: number | undefined], { from?: number; limit: number }>({
  name: "blocks",
  summary: "List block headers, the newest ones by default; with a height, that block with its transactions.",
  arguments: [{ name: "[height]", description: "one block", parse: parseCount }],
  options: [
    { flags: "--from <height>", description: "first height", parse: parseNumber },
    { flags: "--limit <count>", description: "how many, at most 100", parse: parseCount, default: 20 },
  ],
  examples: ["hansa ledger blocks", "hansa ledger blocks --from 1 --limit 5", "hansa ledger blocks 12"],
  async run(shell, { from, limit }, height) {
    const call = { signal: shell.io.signal };
    if (height !== undefined) {
      const block = await getBlock(shell.client, height, call);
      const rows = block.transactions.map((text, index) => {
        const { claims, idText } = decodeTransaction(text);
        const receipt = block.receipts[index];
        return [
          String(index),
          shell.id(idText),
          claims.ops.map(({ op }) => op).join(", "),
          receipt?.code === 0 ? shell.status("done") : shell.status(receipt?.error?.code ?? "refused"),
          shell.id(claims.iss),
        ];
      });
      const { header } = block;
      const head = shell.fields([
        ["height", String(header.height)],
        ["time", shell.time(header.time)],
        ["state", header.state],
        ["previous", header.previous],
        ["vouched by", describeCertificate(block.certificate)],
      ]);
      return {
        json: block,
        text: `${head}\n\n${shell.table(["no", "id", "operations", "outcome", "issuer"], rows, "empty")}`,
      };
    }
    const newest = from === undefined ? ((await getGroup(shell.client, call)).head?.header.height ?? 0) : 0;
    const page = await getBlocks(shell.client, { from: from ?? Math.max(1, newest - limit + 1), limit }, call);
    const rows = page.items.map(({ header }) => [
      String(header.height),
      shell.time(header.time),
      shell.value(header.state),
      shell.value(header.transactions),
      shell.value(header.previous),
    ]);
    return {
      json: page,
      text: shell.table(["height", "time", "state", "transactions", "previous"], rows, "no blocks"),
    };
  },
});
