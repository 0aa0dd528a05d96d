export { TOPIC_OPERATIONS, type TopicRule } from "#protocol";
