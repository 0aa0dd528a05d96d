import { operation, type Receipt } from "#protocol";
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
    const answer = await shell.transact([operation("linkages.propose", { contract })], options);
    const { facts = [] } = answer.json as Partial<Receipt>;
    const linkage = facts.flatMap(({ about }) => about).find((id) => id.startsWith("lk_"));
    // Handed out for others to sign, it has no receipt yet.
    if (linkage === undefined) return answer;
    return { json: { linkage, ...(answer.json as object) }, text: `${linkage}\n${answer.text}` };
  },
});
