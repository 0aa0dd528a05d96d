import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { readJsonFile } from "../../home/files.ts";
import type { TransactOptions } from "../../shell.ts";

interface Options extends TransactOptions {
  readonly schemaVersion: string;
  readonly type: string;
  readonly uri?: string;
}

export const schemaRegister = defineCommand<[schema: string, file: string], Options>({
  name: "register",
  summary: "Register a version of a JSON Schema of credentials: the digest of its file.",
  arguments: [
    { name: "<schema>", description: "name of the schema: <publisher>/<name>" },
    { name: "<file>", description: "JSON Schema, as verifiers will get it: byte for byte" },
  ],
  options: [
    { flags: "--schema-version <version>", description: "version of the schema; it never changes", required: true },
    { flags: "--type <type>", description: "type of credentials that it is for", required: true },
    { flags: "--uri <uri>", description: "where verifiers find the file" },
  ],
  examples: [
    "hansa schema register delphi/energy-label label.schema.json --schema-version 1.0 --type EnergyLabelCredential --as delphi",
  ],
  transacts: true,
  run(shell, options, schema, file) {
    const { schemaVersion: version, type, uri } = options;
    const content = readJsonFile(shell.path(file));
    if (typeof content !== "object" || content === null || Array.isArray(content))
      throw cliError("cli.file-malformed", `${file} is no JSON Schema: an object is wanted`, { path: file });
    const digest = shell.digest(file);
    const args = { schema, version, type, digest, ...(uri === undefined ? {} : { uri }) };
    return shell.transact([operation("issuers.registerSchema", args)], options);
  },
});
