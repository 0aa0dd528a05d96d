import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { evidenceOf } from "../../evidence-file.ts";
import type { TransactOptions } from "../../shell.ts";

interface Options extends TransactOptions {
  readonly all?: boolean;
}

export const evidenceUnrevoke = defineCommand<[evidence: string], Options>({
  name: "unrevoke",
  summary: "Take one's own revocation back.",
  arguments: [{ name: "<evidence>", description: "proof file of the document, or a root: then all below it" }],
  options: [{ flags: "--all", description: "all below the root, where a proof file is given" }],
  examples: ["hansa evidence unrevoke report.pdf.evidence.json --as delphi"],
  transacts: true,
  async run(shell, options, evidence) {
    const { root, index } = evidenceOf(shell, evidence);
    const args = { root, ...(index === undefined || options.all === true ? {} : { index }) };
    return shell.transact([operation("evidence.unrevoke", args)], options);
  },
});
