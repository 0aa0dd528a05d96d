import { listDatasets } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseCount } from "../../parse.ts";

export const exchangeDatasetList = defineCommand<[], { after?: string; limit: number; provider?: string }>({
  name: "list",
  summary: "List the datasets that your node keeps.",
  options: [
    { flags: "--after <dataset>", description: "only names behind this one" },
    { flags: "--limit <count>", description: "how many, at most 1000", parse: parseCount, default: 100 },
    { flags: "--provider <member>", description: "of another member of this node" },
  ],
  examples: ["hansa exchange datasets list --as acme"],
  async run(shell, { after, limit, provider }) {
    const args = { after, limit, provider: provider === undefined ? undefined : await shell.did(provider) };
    const page = await listDatasets(await shell.signingClient(), args, { signal: shell.io.signal });
    const rows = page.items.map(({ dataset, owner, mediaType, bytes, created }) => [
      dataset,
      shell.id(owner),
      shell.value(mediaType),
      String(bytes),
      shell.time(created),
    ]);
    return { json: page, text: shell.table(["dataset", "owner", "type", "bytes", "since"], rows, "no datasets") };
  },
});
