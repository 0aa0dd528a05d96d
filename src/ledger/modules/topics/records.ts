import type { TopicRecord } from "#protocol";
import type { Reader } from "../../state/state.ts";

export const TOPIC_PREFIX = "topic/";

export const topicKey = (topic: string) => TOPIC_PREFIX + topic;

export const readTopic = (state: Reader, topic: string) => state.get<TopicRecord>(topicKey(topic));
