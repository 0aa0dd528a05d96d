import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const linkageSuspend = defineCommand<[linkage: string], TransactOptions & { reason?: string }>({
  name: "suspend",
  summary: "Stop a linkage until you activate it again.",
  arguments: [{ name: "<linkage>", description: "id of the linkage" }],
  options: [{ flags: "--reason <text>", description: "why; public, so nothing personal" }],
  examples: ["hansa linkage suspend lk_3QJmV3qfvL9SuYo34YihAf3sRCW3 --reason holidays"],
  transacts: true,
  run: async (shell, options, linkage) => {
    return shell.transact(
      [operation("linkages.suspend", { linkage, ...(options.reason === undefined ? {} : { reason: options.reason }) })],
      options,
    );
  },
});
