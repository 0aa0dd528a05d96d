import { operation } from "#protocol";
import { getGroup } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseNodeId, parseNumber } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

export const nodeReady = defineCommand<[node: string], TransactOptions & { height?: number }>({
  name: "ready",
  summary: "Say that your own node has caught up and could vote. Nodes do so by themselves.",
  arguments: [{ name: "<node>", description: "id of the node", parse: parseNodeId }],
  options: [
    {
      flags: "--height <height>",
      description: "height that it has executed; where left out, the head of the node that is asked",
      parse: parseNumber,
    },
  ],
  examples: ["hansa node ready 8f2d6a0c4be17390d5a1c2e3f405162738495a6b"],
  transacts: true,
  async run(shell, options, node) {
    const head = async () => (await getGroup(shell.client, { signal: shell.io.signal })).head?.header.height ?? 0;
    const height = options.height ?? (await head());
    return shell.transact([operation("nodes.ready", { node, height })], options);
  },
});
