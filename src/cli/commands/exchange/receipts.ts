import { decodeAccessReceipt, shortPurpose } from "#protocol";
import { listAccessReceipts } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseCount } from "../../parse.ts";

export const exchangeReceipts = defineCommand<[grant: string], { limit: number }>({
  name: "receipts",
  summary: "List the access receipts of a grant, newest first: who had the data, and what for.",
  arguments: [{ name: "<grant>", description: "id of the grant" }],
  options: [{ flags: "--limit <count>", description: "how many, at most 1000", parse: parseCount, default: 100 }],
  examples: ["hansa exchange receipts 3q2-7wAAAAAAAAAAAAAAAA --as anna"],
  async run(shell, { limit }, grant) {
    const client = await shell.signingClient();
    const { items } = await listAccessReceipts(client, { grant, limit }, { signal: shell.io.signal });
    const shown = items.map((item) => ({ ...item, claims: decodeAccessReceipt(item.receipt).receipt }));
    const rows = shown.map(({ claims, receipt, place }) => [
      claims.jti,
      shell.seconds(claims.iat),
      shell.id(claims.sub),
      shell.value(shortPurpose(claims.purpose)),
      receipt.signatures.length === 2 ? "both" : "provider",
      place === undefined ? "waits" : `${place.height}/${place.index}`,
    ]);
    const head = ["receipt", "time", "recipient", "for", "signed by", "anchored"];
    return { json: { items: shown }, text: shell.table(head, rows, "no receipts") };
  },
});
