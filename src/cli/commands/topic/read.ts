import { readEvents } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseCount, parseNumber } from "../../parse.ts";

export const topicRead = defineCommand<[topic: string], { from?: number; limit: number }>({
  name: "read",
  summary: "Read events of a topic from an offset on.",
  arguments: [{ name: "<topic>", description: "name of the topic" }],
  options: [
    { flags: "--from <offset>", description: "first offset (0)", parse: parseNumber },
    { flags: "--limit <count>", description: "how many, at most 1000", parse: parseCount, default: 100 },
  ],
  examples: ["hansa topic read acme/things --from 40 --limit 10 --as acme"],
  async run(shell, { from, limit }, topic) {
    const client = await shell.signingClient();
    const page = await readEvents(client, { topic, from: from ?? 0, limit }, { signal: shell.io.signal });
    const rows = page.items.map(({ offset, event }) => [
      String(offset),
      event.time,
      shell.id(event.source),
      shell.value(event.hansapath ?? ""),
      shell.value(event.data ?? event.data_base64 ?? ""),
    ]);
    return { json: page, text: shell.table(["offset", "time", "source", "path", "data"], rows, "no events") };
  },
});
