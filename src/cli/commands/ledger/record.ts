import { createVerifier, getRecord, type Json } from "#sdk";
import { defineCommand } from "../../command.ts";
import { trustedGroup } from "../../home/trusted-group.ts";
import { parseNumber } from "../../parse.ts";
import type { Shell } from "../../shell.ts";

export const ledgerRecord = defineCommand<[key: string], { height?: number; verified?: boolean }>({
  name: "record",
  summary: "Show one record of state by its key, as JSON.",
  arguments: [{ name: "<key>", description: "key of the record" }],
  options: [
    { flags: "--height <height>", description: "as of the end of this block", parse: parseNumber },
    { flags: "--verified", description: "let the node prove it, against the group's id from --group or the home" },
  ],
  examples: ["hansa ledger record topic/acme/things", "hansa ledger record topic/acme/things --verified"],
  async run(shell, { height, verified }, key) {
    const call = { signal: shell.io.signal };
    if (verified === true) {
      const trust = trustedGroup(shell);
      const client = trust === undefined ? shell.client : { ...shell.client, verifier: createVerifier({ trust }) };
      const record = await getRecord(client, { key, verified, height: height as undefined }, call);
      return { json: record, text: textOf(shell, record.value) };
    }
    const record = await getRecord(shell.client, { key, height }, call);
    return { json: record, text: textOf(shell, record.value) };
  },
});

function textOf(shell: Shell, value: Json): string {
  return value === null ? shell.paint("dim", "absent") : JSON.stringify(value, null, 2);
}
