import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { parseCount } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";
import { transactAgain } from "../../transact-again.ts";

export const memberApprove = defineCommand<[proposal: number], TransactOptions>({
  name: "approve",
  summary: "Approve a proposal; at the quorum the change takes effect.",
  arguments: [{ name: "<proposal>", description: "number of the proposal", parse: parseCount }],
  examples: ["hansa member approve 3 --as acme"],
  transacts: true,
  run: (shell, options, proposal) => transactAgain(shell, [operation("members.approve", { proposal })], options),
});
