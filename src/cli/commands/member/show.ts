import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseNumber } from "../../parse.ts";

export const memberShow = defineCommand<[member: string], { height?: number }>({
  name: "show",
  summary: "Show a member.",
  arguments: [{ name: "<member>", description: "DID, or name of an identity of the home" }],
  options: [{ flags: "--height <height>", description: "as of the end of this block", parse: parseNumber }],
  examples: ["hansa member show acme", "hansa member show did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3 --height 12"],
  async run(shell, { height }, member) {
    const args = { member: await shell.did(member), ...(height === undefined ? {} : { height }) };
    const record = await query(shell.client, "members.get", args, { signal: shell.io.signal });
    const text = shell.fields([
      ["name", shell.value(record.name)],
      ["did", record.did],
      ["roles", record.roles.join(", ")],
      ["status", shell.status(record.status)],
      ["since", shell.time(record.since)],
    ]);
    return { json: record, text };
  },
});
