import { operation, type TopicRule } from "#protocol";
import { defineCommand } from "../../command.ts";
import { collectRules } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

export const topicChange = defineCommand<
  [topic: string],
  TransactOptions & { publish?: TopicRule[]; subscribe?: TopicRule[] }
>({
  name: "change",
  summary: "Give a topic new rules in place of all its old ones, from the next block.",
  arguments: [{ name: "<topic>", description: "name of the topic" }],
  options: [
    { flags: "--publish <rule>", description: "who may publish; may be repeated", parse: collectRules },
    { flags: "--subscribe <rule>", description: "who may subscribe; may be repeated", parse: collectRules },
  ],
  examples: ['hansa topic change acme/things --subscribe "role:lab@{device}/properties/temperature"'],
  transacts: true,
  run: async (shell, options, topic) => {
    return shell.transact(
      [operation("topics.change", { topic, publish: options.publish ?? [], subscribe: options.subscribe ?? [] })],
      options,
    );
  },
});
