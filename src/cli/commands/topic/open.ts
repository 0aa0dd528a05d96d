import { operation, type TopicRule } from "#protocol";
import { defineCommand } from "../../command.ts";
import { collectRules } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

export const topicOpen = defineCommand<
  [topic: string],
  TransactOptions & { publish?: TopicRule[]; subscribe?: TopicRule[] }
>({
  name: "open",
  summary:
    "Open a topic, which you then operate. Rules: <did>, role:<role>, devices-of:<did>, owners-of-devices-of:<did>, each with @<filter> where it is narrower.",
  arguments: [{ name: "<topic>", description: "name of the topic" }],
  options: [
    { flags: "--publish <rule>", description: "who may publish; may be repeated", parse: collectRules },
    { flags: "--subscribe <rule>", description: "who may subscribe; may be repeated", parse: collectRules },
  ],
  examples: ["hansa topic open acme/things --publish devices-of:did:hansa:hanse:3QJm… --subscribe role:lab"],
  transacts: true,
  run: async (shell, options, topic) => {
    return shell.transact(
      [operation("topics.open", { topic, publish: options.publish ?? [], subscribe: options.subscribe ?? [] })],
      options,
    );
  },
});
