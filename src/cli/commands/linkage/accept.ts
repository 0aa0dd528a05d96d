import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const linkageAccept = defineCommand<[linkage: string], TransactOptions>({
  name: "accept",
  summary: "Accept a linkage as a party; with the last party's word it is active.",
  arguments: [{ name: "<linkage>", description: "id of the linkage" }],
  examples: ["hansa linkage accept lk_3QJmV3qfvL9SuYo34YihAf3sRCW3 --as hansel"],
  transacts: true,
  run: async (shell, options, linkage) => {
    return shell.transact([operation("linkages.accept", { linkage })], options);
  },
});
