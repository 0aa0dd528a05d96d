import { putDataset } from "#sdk";
import { defineCommand } from "../../command.ts";
import { readBytes } from "../../home/files.ts";

interface Options {
  readonly owner: string;
  readonly name?: string;
  readonly type: string;
  readonly credential?: string;
  readonly provider?: string;
}

export const exchangeDatasetPut = defineCommand<[file: string], Options>({
  name: "put",
  summary: "Keep a file as a dataset of its owner, at your node. Only the owner's grants let it out.",
  arguments: [{ name: "<file>", description: "the data, at most 1 MiB" }],
  options: [
    { flags: "--owner <owner>", description: "whose data it is: DID or name", required: true },
    { flags: "--name <dataset>", description: "its name; a random one where left out" },
    { flags: "--type <type>", description: "media type", default: "application/octet-stream" },
    { flags: "--credential <type>", description: "type of the credential that it is" },
    { flags: "--provider <member>", description: "another member of this node that keeps it" },
  ],
  examples: ["hansa exchange datasets put july.csv --owner anna --name meters/july --type text/csv --as acme"],
  async run(shell, { owner, name, type, credential, provider }, file) {
    const kept = await putDataset(
      await shell.signingClient(),
      {
        owner: await shell.did(owner),
        mediaType: type,
        content: readBytes(shell.path(file), 1024 * 1024),
        ...(name === undefined ? {} : { dataset: name }),
        ...(credential === undefined ? {} : { credential }),
        ...(provider === undefined ? {} : { provider: await shell.did(provider) }),
      },
      { signal: shell.io.signal },
    );
    return {
      json: kept,
      text: shell.fields([
        ["dataset", kept.dataset],
        ["owner", shell.id(kept.owner)],
        ["bytes", String(kept.bytes)],
        ["digest", kept.digest],
      ]),
    };
  },
});
