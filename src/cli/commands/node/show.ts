import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseNodeId, parseNumber } from "../../parse.ts";

export const nodeShow = defineCommand<[node: string], { height?: number }>({
  name: "show",
  summary: "Show a node, and what consensus caught it at.",
  arguments: [{ name: "<node>", description: "id of the node", parse: parseNodeId }],
  options: [{ flags: "--height <height>", description: "as of the end of this block", parse: parseNumber }],
  examples: ["hansa node show 8f2d6a0c4be17390d5a1c2e3f405162738495a6b"],
  async run(shell, { height }, node) {
    const args = { node, ...(height === undefined ? {} : { height }) };
    const record = await query(shell.client, "nodes.get", args, { signal: shell.io.signal });
    const head = shell.fields([
      ["node", record.node],
      ["member", record.member],
      ["status", shell.status(record.status)],
      ["power", record.power === 0 ? "0: it does not vote" : String(record.power)],
      ["ready", record.ready === null ? "has not said so" : `at height ${record.ready}`],
      ["address", shell.value(record.address)],
      record.endpoint === null ? undefined : ["endpoint", shell.value(record.endpoint)],
      ["node key", record.nodeKey],
      ["voting key", record.key],
      ["since", shell.time(record.since)],
    ]);
    const rows = record.misbehaviour.map(({ kind, block, height: at, at: time }) => [
      shell.value(kind),
      String(block),
      String(at),
      shell.time(time),
    ]);
    const faults = shell.table(["fault", "engine's block", "known at height", "time"], rows, "no faults");
    return { json: record, text: `${head}\n\n${faults}` };
  },
});
