import type { TopicRecord } from "#protocol";
import { type Context, forbidden, type Handlers } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { TopicsNeeds } from "./needs.ts";
import { readTopic, topicKey } from "./records.ts";

/** Names above a topic: of `a/b/c`, `a` and `a/b`. */
function namesAbove(topic: string): string[] {
  const levels = topic.split("/");
  return levels.slice(1).map((_, i) => levels.slice(0, i + 1).join("/"));
}

export function topicHandlers(needs: TopicsNeeds): Handlers<"topics"> {
  function requireOwn(context: Context, name: string): TopicRecord {
    const topic = readTopic(context.state, name);
    if (topic === undefined) throw refuse("topics.unknown", `there is no topic ${name}`, { topic: name });
    if (topic.operator !== context.issuer || !needs.isActiveMember(context.state, context.issuer))
      throw forbidden("the member that opened the topic");
    return topic;
  }

  return {
    "topics.open"(context, args) {
      if (!needs.isActiveMember(context.state, context.issuer)) throw forbidden("an active member of the group");
      const { state } = context;
      if (args.topic === "hansa" || args.topic.startsWith("hansa/"))
        throw refuse("topics.reserved", `${args.topic} is reserved`, { topic: args.topic });
      // One name belongs to one topic only: no topic lies inside another. The overlay's own writes are seen by exact name, so the
      // marker record of every level above keeps two openings in one block apart.
      if (readTopic(state, args.topic) !== undefined)
        throw refuse("topics.exists", `${args.topic} exists already`, { topic: args.topic });
      for (const above of namesAbove(args.topic))
        if (readTopic(state, above) !== undefined)
          throw refuse("topics.exists", `${args.topic} lies below ${above}`, { topic: above });
      if (state.get(levelKey(args.topic)) !== undefined)
        throw refuse("topics.exists", `topics lie below ${args.topic}`, { topic: args.topic });
      for (const above of namesAbove(args.topic))
        if (state.get(levelKey(above)) === undefined) state.put(levelKey(above), {});
      const topic: TopicRecord = {
        topic: args.topic,
        operator: context.issuer,
        status: "open",
        publish: args.publish,
        subscribe: args.subscribe,
        checkpoint: null,
      };
      state.put(topicKey(args.topic), topic);
      context.emit("topics.opened", [`topic/${args.topic}`, context.issuer], { topic: args.topic });
    },

    "topics.change"(context, args) {
      const topic = requireOwn(context, args.topic);
      if (topic.status === "closed") throw refuse("topics.closed", `${args.topic} was closed`, { topic: args.topic });
      context.state.put(topicKey(args.topic), { ...topic, publish: args.publish, subscribe: args.subscribe });
      context.emit("topics.changed", [`topic/${args.topic}`, context.issuer], { topic: args.topic });
    },

    "topics.close"(context, args) {
      const topic = requireOwn(context, args.topic);
      if (topic.status === "closed")
        throw refuse("topics.closed", `${args.topic} was closed already`, { topic: args.topic });
      context.state.put(topicKey(args.topic), { ...topic, status: "closed" });
      context.emit("topics.closed", [`topic/${args.topic}`, context.issuer], { topic: args.topic });
    },

    "topics.anchor"(context, args) {
      for (const { topic: name, size, root } of args.checkpoints) {
        const topic = requireOwn(context, name);
        const before = topic.checkpoint;
        if (before !== null && (size < before.size || (size === before.size && root !== before.root)))
          throw refuse("topics.checkpoint-behind", `${name}: size ${size} is behind the anchored ${before.size}`, {
            topic: name,
            size,
            anchored: before.size,
          });
        context.state.put(topicKey(name), { ...topic, checkpoint: { size, root } });
        context.emit("topics.anchored", [`topic/${name}`], { topic: name, size, root });
      }
    },
  };
}

/** Marks a name as one that topics lie below. */
function levelKey(name: string): string {
  return `level/${name}`;
}
