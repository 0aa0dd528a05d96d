import { listAll, query } from "#sdk";
import { defineCommand } from "../../command.ts";

export const schemaShow = defineCommand<[schema: string], { file?: string }>({
  name: "show",
  summary: "Show a schema and its versions; with --file say which of them a file is.",
  arguments: [{ name: "<schema>", description: "name of the schema" }],
  options: [{ flags: "--file <file>", description: "a file that should be one of the versions" }],
  examples: ["hansa schema show delphi/energy-label", "hansa schema show delphi/energy-label --file label.schema.json"],
  async run(shell, { file }, schema) {
    const call = { signal: shell.io.signal };
    const record = await query(shell.client, "issuers.schema", { schema }, call);
    const versions = [];
    for await (const version of listAll(shell.client, "issuers.schemaVersions", { schema }, call))
      versions.push(version);
    const digest = file === undefined ? undefined : shell.digest(file);
    const matching = versions.filter((version) => version.digest === digest).map(({ version }) => version);
    const head = shell.fields([
      ["schema", record.schema],
      ["publisher", shell.id(record.publisher)],
      ["latest", record.latest],
      file === undefined ? undefined : [file, matching.length === 0 ? "none of its versions" : matching.join(", ")],
    ]);
    const rows = versions.map(({ version, type, digest: own, uri, at }) => [
      version,
      shell.value(type),
      shell.time(at),
      own,
      shell.value(uri ?? ""),
    ]);
    return {
      json: { ...record, items: versions, ...(file === undefined ? {} : { matching }) },
      text: `${head}\n\n${shell.table(["version", "type", "at", "digest", "uri"], rows)}`,
    };
  },
});
