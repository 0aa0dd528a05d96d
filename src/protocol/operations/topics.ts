import { type Static, Type } from "@sinclair/typebox";
import { Closed, Did, Digest, List, Role, TopicName } from "./fields.ts";

/**
 * Who a rule speaks of. `devicesOf`: admitted devices that this member operates; `ownersOfDevicesOf`: their owners, each for its own
 * devices only.
 */
export const Who = Type.Union([
  Closed({ did: Did }),
  Closed({ role: Role }),
  Closed({ devicesOf: Did }),
  Closed({ ownersOfDevicesOf: Did }),
]);

export const TopicRule = Closed({
  who: Who,
  /** Below the topic: MQTT filter; `{device}` stands for a device's fingerprint. Without it: everything below the topic. */
  at: Type.Optional(
    Type.String({
      pattern: "^([a-zA-Z0-9_-]+|\\{device\\}|\\+)(/([a-zA-Z0-9_-]+|\\{device\\}|\\+)){0,5}(/#)?$|^#$",
      maxLength: 200,
    }),
  ),
});

const Rules = List(TopicRule, 0, 32);

export const AnchoredCheckpoint = Closed({ topic: TopicName, size: Type.Integer({ minimum: 0 }), root: Digest });

export const TOPIC_OPERATIONS = {
  "topics.open": Closed(
    { topic: TopicName, publish: Rules, subscribe: Rules },
    "Opens a topic; the member that opens it operates it.",
  ),
  "topics.change": Closed({ topic: TopicName, publish: Rules, subscribe: Rules }, "New rules, from the next block."),
  "topics.close": Closed({ topic: TopicName }, "No more events; what is in it stays."),
  "topics.anchor": Closed(
    { checkpoints: List(AnchoredCheckpoint, 1, 256) },
    "Sizes and roots of topic logs: they only grow.",
  ),
} as const;

export type Who = Static<typeof Who>;
export type TopicRule = Static<typeof TopicRule>;
