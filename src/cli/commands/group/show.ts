import { defineCommand } from "../../command.ts";
import { foundingJson, foundingText, nextStep, readFounding } from "../../home/founding-files.ts";

export const groupShow = defineCommand<[file: string]>({
  name: "show",
  summary: "Check a founding file and show who founds, by which rules, and who has signed. Needs no home.",
  arguments: [{ name: "<file>", description: "founding file" }],
  examples: ["hansa group show founding.json"],
  async run(shell, _, file) {
    const checked = readFounding(shell, file);
    return {
      json: foundingJson(checked),
      text: `${foundingText(shell, checked)}\n${nextStep(shell, checked, file)}`,
    };
  },
});
