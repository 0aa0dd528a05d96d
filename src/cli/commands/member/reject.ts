import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { parseCount } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

export const memberReject = defineCommand<[proposal: number], TransactOptions>({
  name: "reject",
  summary: "Reject a proposal; you may change your mind until it ends.",
  arguments: [{ name: "<proposal>", description: "number of the proposal", parse: parseCount }],
  examples: ["hansa member reject 3 --as acme"],
  transacts: true,
  run: async (shell, options, proposal) => {
    return shell.transact([operation("members.reject", { proposal })], options);
  },
});
