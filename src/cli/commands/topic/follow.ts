import { followEvents } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseCount, parseNumber } from "../../parse.ts";

export const topicFollow = defineCommand<[topic: string], { from?: number; count?: number }>({
  name: "follow",
  summary:
    "Print events of a topic as they come, one a line, until Ctrl-C. Goes on by itself when the connection breaks.",
  arguments: [{ name: "<topic>", description: "name of the topic" }],
  options: [
    { flags: "--from <offset>", description: "first offset; only new events where left out", parse: parseNumber },
    { flags: "--count <count>", description: "end after so many", parse: parseCount },
  ],
  examples: [
    "hansa topic follow acme/things --as acme",
    "hansa topic follow acme/things --from 0 --json | jq .event.data",
  ],
  async run(shell, { from, count }, topic) {
    const client = await shell.signingClient();
    let seen = 0;
    for await (const logged of followEvents(client, { topic, from }, { signal: shell.io.signal })) {
      const { offset, event } = logged;
      shell.print(
        shell.globals.json === true
          ? JSON.stringify(logged)
          : `${shell.paint("dim", `${offset} ${event.time}`)} ${shell.id(event.source)} ${shell.paint("cyan", shell.value(event.hansapath ?? ""))} ${shell.value(event.data ?? event.data_base64 ?? "")}`,
      );
      if (++seen === count) break;
    }
    return undefined;
  },
});
