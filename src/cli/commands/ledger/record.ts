import { getRecord } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseNumber } from "../../parse.ts";

export const ledgerRecord = defineCommand<[key: string], { height?: number }>({
  name: "record",
  summary: "Show one record of state by its key, as JSON.",
  arguments: [{ name: "<key>", description: "key of the record" }],
  options: [{ flags: "--height <height>", description: "as of the end of this block", parse: parseNumber }],
  examples: ["hansa ledger record topic/acme/things"],
  async run(shell, { height }, key) {
    const record = await getRecord(shell.client, { key, height }, { signal: shell.io.signal });
    const value = record.value === null ? shell.paint("dim", "absent") : JSON.stringify(record.value, null, 2);
    return { json: record, text: value };
  },
});
