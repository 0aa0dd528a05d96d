import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const linkageActivate = defineCommand<[linkage: string], TransactOptions>({
  name: "activate",
  summary: "Let a linkage go on that you suspended.",
  arguments: [{ name: "<linkage>", description: "id of the linkage" }],
  examples: ["hansa linkage activate lk_3QJmV3qfvL9SuYo34YihAf3sRCW3"],
  transacts: true,
  run: async (shell, options, linkage) => {
    return shell.transact([operation("linkages.activate", { linkage })], options);
  },
});
