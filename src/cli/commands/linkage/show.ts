import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { describeContract } from "../../contract-file.ts";
import { parseNumber } from "../../parse.ts";

export const linkageShow = defineCommand<[linkage: string], { height?: number }>({
  name: "show",
  summary: "Show a linkage with its contract.",
  arguments: [{ name: "<linkage>", description: "id of the linkage" }],
  options: [{ flags: "--height <height>", description: "as of the end of this block", parse: parseNumber }],
  examples: ["hansa linkage show lk_3QJmV3qfvL9SuYo34YihAf3sRCW3"],
  async run(shell, { height }, linkage) {
    const args = { linkage, ...(height === undefined ? {} : { height }) };
    const record = await query(shell.client, "linkages.get", args, { signal: shell.io.signal });
    const { contract } = record;
    const { when, then } = describeContract(contract, (did) => shell.id(did));
    const text = shell.fields([
      ["linkage", record.linkage],
      ["title", shell.value(contract.title)],
      ["status", shell.status(record.effective)],
      record.suspendedBy === null ? undefined : ["suspended by", shell.id(record.suspendedBy)],
      record.reason === null ? undefined : ["reason", shell.value(record.reason)],
      ["when", shell.value(when)],
      ["then", shell.value(then.join("; "))],
      ["mode", contract.mode],
      ["limits", `${contract.limits.perMinute} a minute, ${contract.limits.hops} hops`],
      ["valid", `${shell.seconds(contract.from)} to ${shell.seconds(contract.until)}`],
      [
        "parties",
        contract.parties
          .map((did) => `${shell.id(did)} (${record.accepted.includes(did) ? "accepted" : "not accepted"})`)
          .join(", "),
      ],
      ["version", String(record.version)],
      ["anchored", `${record.done} done, ${record.refused} refused`],
    ]);
    return { json: record, text };
  },
});
