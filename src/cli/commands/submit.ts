import { submitTransaction } from "#sdk";
import { defineCommand } from "../command.ts";

export const submit = defineCommand<[file: string]>({
  name: "submit",
  summary: "Submit a signed transaction. Doing it twice does no harm: the second time gets the first receipt.",
  arguments: [{ name: "<file>", description: "signed transaction (- for standard input)" }],
  examples: ["hansa submit transfer.jws"],
  async run(shell, _, file) {
    const text = (await shell.readText(file)).trim();
    return shell.receipt(await submitTransaction(shell.client, text, { signal: shell.io.signal }));
  },
});
