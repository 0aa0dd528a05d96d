import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseNumber } from "../../parse.ts";

export const statusListShow = defineCommand<[issuer: string, list: string], { height?: number; file?: string }>({
  name: "show",
  summary: "Show what an issuer's status list holds; with --file say whether a file is that list.",
  arguments: [
    { name: "<issuer>", description: "DID, or name of an identity of the home" },
    { name: "<list>", description: "name of the list" },
  ],
  options: [
    { flags: "--height <height>", description: "as of the end of this block", parse: parseNumber },
    { flags: "--file <file>", description: "bytes, uncompressed, that should be the list's" },
  ],
  examples: ["hansa status-list show delphi 2027-1 --file list.bin"],
  async run(shell, { height, file }, given, list) {
    const args = { issuer: await shell.did(given), list, ...(height === undefined ? {} : { height }) };
    const record = await query(shell.client, "statuses.get", args, { signal: shell.io.signal });
    const matches = file === undefined ? undefined : shell.digest(shell.path(file)) === record.digest;
    const text = shell.fields([
      ["list", record.list],
      ["issuer", shell.id(record.issuer)],
      ["kind", `${record.kind}, ${record.bits} bit${record.bits === 1 ? "" : "s"} an entry`],
      ["purpose", record.purpose],
      ["entries", String(record.size)],
      ["version", `${record.version}, ${shell.time(record.at)}`],
      ["digest", record.digest],
      record.uri === null ? undefined : ["uri", shell.value(record.uri)],
      matches === undefined ? undefined : ["the file", matches ? "is this list" : "is another list, or version"],
    ]);
    return { json: { ...record, ...(matches === undefined ? {} : { matches }) }, text };
  },
});
