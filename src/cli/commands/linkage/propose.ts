import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { readContract } from "../../contract-file.ts";
import type { TransactOptions } from "../../shell.ts";

export const linkagePropose = defineCommand<[file: string], TransactOptions>({
  name: "propose",
  summary: "Propose a linkage contract as one of its parties; your signature is your acceptance.",
  arguments: [{ name: "<file>", description: "JSON file with the contract; nonce, from and until may be missing" }],
  examples: ["hansa linkage check fan.json && hansa linkage propose fan.json --as acme"],
  transacts: true,
  run: async (shell, options, file) => {
    const contract = readContract(shell.path(file), shell.io.now());
    return shell.transact([operation("linkages.propose", { contract })], options);
  },
});
