import { type OperationArgs, operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { readBytes } from "../../home/files.ts";
import { parseCount } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

type Args = OperationArgs<"statuses.publish">;

interface Options extends TransactOptions {
  readonly listVersion: number;
  readonly kind: Args["kind"];
  readonly purpose: string;
  readonly bits: number;
  readonly uri?: string;
}

export const statusListPublish = defineCommand<[list: string, file: string], Options>({
  name: "publish",
  summary: "State what one's own status list holds from now on: the digest of its bytes.",
  arguments: [
    { name: "<list>", description: "name of the list among one's own" },
    { name: "<file>", description: "the list's bytes, uncompressed" },
  ],
  options: [
    { flags: "--list-version <number>", description: "only grows", parse: parseCount, required: true },
    { flags: "--kind <kind>", description: "W3C's or IETF's", choices: ["bitstring", "token"], default: "bitstring" },
    { flags: "--purpose <purpose>", description: "`statusPurpose` of its entries", default: "revocation" },
    { flags: "--bits <bits>", description: "bits of an entry: 1, 2, 4 or 8", parse: parseCount, default: 1 },
    { flags: "--uri <uri>", description: "where verifiers find the list" },
  ],
  examples: ["hansa status-list publish 2027-1 list.bin --list-version 2 --as delphi"],
  transacts: true,
  run(shell, options, list, file) {
    const { listVersion: version, kind, purpose, bits, uri } = options;
    if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8)
      throw cliError("cli.argument", "an entry has 1, 2, 4 or 8 bits", { bits });
    const path = shell.path(file);
    const size = (readBytes(path, 16 * 1024 * 1024).length * 8) / bits;
    const digest = shell.digest(path);
    const args = { list, kind, purpose, bits, size, version, digest, ...(uri === undefined ? {} : { uri }) } as Args;
    return shell.transact([operation("statuses.publish", args)], options);
  },
});
