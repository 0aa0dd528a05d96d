import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const linkageWithdraw = defineCommand<[linkage: string], TransactOptions & { reason?: string }>({
  name: "withdraw",
  summary: "Take your acceptance back, for good.",
  arguments: [{ name: "<linkage>", description: "id of the linkage" }],
  options: [{ flags: "--reason <text>", description: "why; public, so nothing personal" }],
  examples: ["hansa linkage withdraw lk_3QJmV3qfvL9SuYo34YihAf3sRCW3 --as hansel"],
  transacts: true,
  run: async (shell, options, linkage) => {
    return shell.transact(
      [
        operation("linkages.withdraw", {
          linkage,
          ...(options.reason === undefined ? {} : { reason: options.reason }),
        }),
      ],
      options,
    );
  },
});
