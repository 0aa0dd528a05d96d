import { pageOf, type Queries } from "../../kernel/module.ts";
import { readTopic, TOPIC_PREFIX } from "./records.ts";

export const topicQueries: Queries<"topics"> = {
  "topics.list": ({ state }, args) => pageOf(state, TOPIC_PREFIX, args),
  "topics.get": ({ state }, args) => readTopic(state, args.topic),
};
