import { eraseDataset } from "#sdk";
import { defineCommand } from "../../command.ts";

export const exchangeDatasetErase = defineCommand<[dataset: string], { provider?: string }>({
  name: "erase",
  summary: "Erase a dataset for good, with its salt: as its owner, or as the member that keeps it.",
  arguments: [{ name: "<dataset>", description: "its name" }],
  options: [{ flags: "--provider <member>", description: "the member that keeps it; the node's own where left out" }],
  examples: ["hansa exchange datasets erase meters/july --as anna"],
  async run(shell, { provider }, dataset) {
    const args = { dataset, ...(provider === undefined ? {} : { provider: await shell.did(provider) }) };
    await eraseDataset(await shell.signingClient(), args, { signal: shell.io.signal });
    return { json: { erased: dataset }, text: `${dataset} is erased` };
  },
});
