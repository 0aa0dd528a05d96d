import type { TopicRule, Who } from "#protocol";
import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseNumber } from "../../parse.ts";
import type { Shell } from "../../shell.ts";

export const topicShow = defineCommand<[topic: string], { height?: number }>({
  name: "show",
  summary: "Show a topic, who may publish and subscribe, and its last anchored checkpoint.",
  arguments: [{ name: "<topic>", description: "name of the topic" }],
  options: [{ flags: "--height <height>", description: "as of the end of this block", parse: parseNumber }],
  examples: ["hansa topic show acme/things"],
  async run(shell, { height }, topic) {
    const args = { topic, ...(height === undefined ? {} : { height }) };
    const record = await query(shell.client, "topics.get", args, { signal: shell.io.signal });
    const rows = [
      ...record.publish.map((rule) => ["publish", ...describeRule(shell, rule)]),
      ...record.subscribe.map((rule) => ["subscribe", ...describeRule(shell, rule)]),
    ];
    const head = shell.fields([
      ["topic", record.topic],
      ["status", shell.status(record.status)],
      ["operator", record.operator],
      record.checkpoint === null
        ? undefined
        : ["anchored", `${record.checkpoint.size} events, root ${shell.value(record.checkpoint.root)}`],
    ]);
    return { json: record, text: `${head}\n\n${shell.table(["may", "who", "below"], rows, "no rules: nobody may")}` };
  },
});

function describeRule(shell: Shell, { who, at }: TopicRule): string[] {
  return [describeWho(shell, who), at ?? "#"];
}

function describeWho(shell: Shell, who: Who): string {
  if ("did" in who) return shell.id(who.did);
  if ("role" in who) return `role:${who.role}`;
  if ("devicesOf" in who) return `devices-of:${shell.id(who.devicesOf)}`;
  return `owners-of-devices-of:${shell.id(who.ownersOfDevicesOf)}`;
}
