import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseNumber } from "../../parse.ts";

export const deviceShow = defineCommand<[device: string], { height?: number }>({
  name: "show",
  summary: "Show a device, and what its record comes to now.",
  arguments: [{ name: "<device>", description: "DID of the device, or name of an identity of the home" }],
  options: [{ flags: "--height <height>", description: "as of the end of this block", parse: parseNumber }],
  examples: ["hansa device show lamp"],
  async run(shell, { height }, device) {
    const args = { device: await shell.did(device), ...(height === undefined ? {} : { height }) };
    const record = await query(shell.client, "devices.get", args, { signal: shell.io.signal });
    const { admission } = record;
    const text = shell.fields([
      ["device", record.device],
      ["effective", shell.status(record.effective)],
      ["status", shell.status(record.status)],
      record.reason === null ? undefined : ["reason", shell.value(record.reason)],
      ["model", record.model],
      ["maker", shell.id(record.maker)],
      ["root", shell.id(record.root)],
      ["operator", shell.id(record.operator)],
      ["owner", `${shell.id(record.owner)}, number ${record.ownership}`],
      admission === null ? undefined : ["admitted", shell.time(admission.at)],
      admission === null ? undefined : ["until", shell.seconds(admission.until)],
      admission === null ? undefined : ["firmware", admission.firmware],
    ]);
    return { json: record, text };
  },
});
