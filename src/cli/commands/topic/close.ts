import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const topicClose = defineCommand<[topic: string], TransactOptions>({
  name: "close",
  summary: "Close a topic: no more events; what is in it stays.",
  arguments: [{ name: "<topic>", description: "name of the topic" }],
  examples: ["hansa topic close acme/things"],
  transacts: true,
  run: async (shell, options, topic) => {
    return shell.transact([operation("topics.close", { topic })], options);
  },
});
