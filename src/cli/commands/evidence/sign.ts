import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { evidenceOf } from "../../evidence-file.ts";
import type { TransactOptions } from "../../shell.ts";

export const evidenceSign = defineCommand<[evidence: string], TransactOptions>({
  name: "sign",
  summary: "Sign anchored documents, as one of those who were named for it: all below the root.",
  arguments: [{ name: "<evidence>", description: "root, or a proof file that names it" }],
  options: [],
  examples: ["hansa evidence sign report.pdf.evidence.json --as acme"],
  transacts: true,
  async run(shell, options, evidence) {
    const { root } = evidenceOf(shell, evidence);
    return shell.transact([operation("evidence.sign", { root })], options);
  },
});
