import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceLiftRecall = defineCommand<[model: string], TransactOptions>({
  name: "lift-recall",
  summary: "Lift the recall of a model.",
  arguments: [{ name: "<model>", description: "<vendor id>/<product id>" }],
  examples: ["hansa device lift-recall acme/T1"],
  transacts: true,
  run: async (shell, options, model) => {
    return shell.transact([operation("devices.liftRecall", { model })], options);
  },
});
