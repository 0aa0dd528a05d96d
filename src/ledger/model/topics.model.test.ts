import fc from "fast-check";
import { it } from "vitest";
import type { TopicRecord } from "#protocol";
import { type Actor, actor, digestOfText, members, north, south, stranger } from "../alliance.suite.ts";
import { holdAgainstModel, type Model, type Step } from "./model.suite.ts";

const anna = actor("anna");
const NAMES = ["a", "a/b", "a/b/c", "a/c", "b", "hansa/x"];

interface Topic {
  by: string;
  open: boolean;
  rules: number;
  size: number;
  root: string | null;
}

class TopicsModel implements Model {
  topics = new Map<string, Topic>();

  apply({ signers, operation: { op, args } }: Step): string | 0 {
    const [issuer] = signers as [Actor];
    if (issuer === stranger) return "transaction.unknown-key";
    const isMember = members.includes(issuer);
    if (op === "topics.anchor") {
      const copy = new Map([...this.topics].map(([name, topic]) => [name, { ...topic }]));
      for (const one of args["checkpoints"] as unknown as { topic: string; size: number; root: string }[]) {
        const topic = copy.get(one.topic);
        if (topic === undefined) return "topics.unknown";
        if (topic.by !== issuer.did) return "kernel.forbidden";
        const forked = one.size === topic.size && topic.root !== null && one.root !== topic.root;
        if (topic.root !== null && (one.size < topic.size || forked)) return "topics.checkpoint-behind";
        Object.assign(topic, { size: one.size, root: one.root });
      }
      this.topics = copy;
      return 0;
    }
    const name = args["topic"] as string;
    const topic = this.topics.get(name);
    if (op === "topics.open") {
      if (!isMember) return "kernel.forbidden";
      if (name.startsWith("hansa")) return "topics.reserved";
      for (const other of this.topics.keys())
        if (other === name || other.startsWith(`${name}/`) || name.startsWith(`${other}/`)) return "topics.exists";
      const rules = (args["publish"] as unknown[]).length;
      this.topics.set(name, { by: issuer.did, open: true, rules, size: 0, root: null });
      return 0;
    }
    if (topic === undefined) return "topics.unknown";
    if (topic.by !== issuer.did) return "kernel.forbidden";
    if (!topic.open) return "topics.closed";
    if (op === "topics.close") topic.open = false;
    else topic.rules = (args["publish"] as unknown[]).length;
    return 0;
  }

  expected() {
    return [...this.topics]
      .sort()
      .map(([name, { by, open, rules, size, root }]) => [name, by, open, rules, root === null ? null : size, root]);
  }
}

it("topics behave as the model of names and anchors does", () => {
  const who = fc.constantFrom(north, north, south, anna, stranger).map((by) => [by]);
  const topic = fc.constantFrom(...NAMES);
  const publish = fc.array(fc.constant({ who: { role: "lab" } }), { maxLength: 2 });
  const checkpoint = fc.record({
    topic: fc.constantFrom("a", "a/b", "b"),
    size: fc.nat(3),
    root: fc.constantFrom(digestOfText("0"), digestOfText("1")),
  });
  const args = {
    "topics.open": fc.record({ topic, publish, subscribe: fc.constant([]) }),
    "topics.change": fc.record({ topic, publish, subscribe: fc.constant([]) }),
    "topics.close": fc.record({ topic }),
    "topics.anchor": fc.record({ checkpoints: fc.array(checkpoint, { minLength: 1, maxLength: 2 }) }),
  };
  holdAgainstModel({
    prepare: (alliance) => alliance.introduce(anna),
    model: () => new TopicsModel(),
    read: ({ ledger }) =>
      [...ledger.state.keys("topic/")].map((key) => {
        const {
          topic: name,
          operator,
          status,
          publish: rules,
          checkpoint: anchored,
        } = ledger.state.get<TopicRecord>(key) as TopicRecord;
        return [name, operator, status === "open", rules.length, anchored?.size ?? null, anchored?.root ?? null];
      }),
    step: () =>
      fc
        .constantFrom(...(Object.keys(args) as (keyof typeof args)[]), "topics.open" as const, "topics.anchor" as const)
        .chain((op) =>
          fc.record({ who, args: args[op] as fc.Arbitrary<object> }).map((made) => ({
            signers: made.who,
            operation: { op, args: made.args as never },
          })),
        ),
    runs: 200,
    reaches: [
      "topics.exists",
      "topics.unknown",
      "topics.closed",
      "topics.reserved",
      "topics.checkpoint-behind",
      "kernel.forbidden",
      "transaction.unknown-key",
    ],
  });
}, 120_000);
