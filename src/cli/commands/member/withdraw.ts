import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { parseCount } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

export const memberWithdraw = defineCommand<[proposal: number], TransactOptions>({
  name: "withdraw",
  summary: "Take your own proposal back.",
  arguments: [{ name: "<proposal>", description: "number of the proposal", parse: parseCount }],
  examples: ["hansa member withdraw 3 --as acme"],
  transacts: true,
  run: async (shell, options, proposal) => {
    return shell.transact([operation("members.withdraw", { proposal })], options);
  },
});
