import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const linkageEnd = defineCommand<[linkage: string], TransactOptions>({
  name: "end",
  summary: "End a linkage in good order: all remaining parties sign, or its time is over.",
  arguments: [{ name: "<linkage>", description: "id of the linkage" }],
  examples: ["hansa linkage end lk_3QJmV3qfvL9SuYo34YihAf3sRCW3 --as acme --also hansel"],
  transacts: true,
  run: async (shell, options, linkage) => {
    return shell.transact([operation("linkages.end", { linkage })], options);
  },
});
