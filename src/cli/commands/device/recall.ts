import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceRecall = defineCommand<[model: string], TransactOptions & { reason: string }>({
  name: "recall",
  summary: "Cut every device of a model off at once.",
  arguments: [{ name: "<model>", description: "<vendor id>/<product id>" }],
  options: [{ flags: "--reason <text>", description: "why; public, so nothing personal", required: true }],
  examples: ['hansa device recall acme/T1 --reason "battery overheats"'],
  transacts: true,
  run: async (shell, options, model) => {
    return shell.transact([operation("devices.recall", { model, reason: options.reason })], options);
  },
});
