import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { evidenceOf } from "../../evidence-file.ts";
import type { TransactOptions } from "../../shell.ts";

interface Options extends TransactOptions {
  readonly all?: boolean;
  readonly reason?: string;
}

export const evidenceRevoke = defineCommand<[evidence: string], Options>({
  name: "revoke",
  summary: "Revoke anchored documents: all below the root, or the one of a proof file.",
  arguments: [{ name: "<evidence>", description: "proof file of the document, or a root: then all below it" }],
  options: [
    { flags: "--all", description: "all below the root, where a proof file is given" },
    { flags: "--reason <text>", description: "why; public, so nothing personal" },
  ],
  examples: ['hansa evidence revoke report.pdf.evidence.json --reason "a broken probe" --as delphi'],
  transacts: true,
  async run(shell, options, evidence) {
    const { root, index } = evidenceOf(shell, evidence);
    const { reason } = options;
    const args = {
      root,
      ...(reason === undefined ? {} : { reason }),
      ...(index === undefined || options.all === true ? {} : { index }),
    };
    return shell.transact([operation("evidence.revoke", args)], options);
  },
});
