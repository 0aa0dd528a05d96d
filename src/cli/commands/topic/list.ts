import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const topicList = defineCommand<[], ListOptions>({
  name: "list",
  summary: "List topics.",
  options: LIST_OPTIONS,
  examples: ["hansa topic list"],
  run: (shell, { limit }) =>
    showList(shell, "topics.list", {}, limit, ["topic", "status", "anchored", "operator"], (topic) => [
      topic.topic,
      shell.status(topic.status),
      topic.checkpoint === null ? "" : String(topic.checkpoint.size),
      shell.id(topic.operator),
    ]),
});
