import { query } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseNumber } from "../../parse.ts";

export const modelShow = defineCommand<[model: string], { height?: number }>({
  name: "show",
  summary: "Show a model with its firmware and certifications.",
  arguments: [{ name: "<model>", description: "<vendor id>/<product id>" }],
  options: [{ flags: "--height <height>", description: "as of the end of this block", parse: parseNumber }],
  examples: ["hansa model show acme/T1"],
  async run(shell, { height }, model) {
    const args = { model, ...(height === undefined ? {} : { height }) };
    const record = await query(shell.client, "devices.model", args, { signal: shell.io.signal });
    const head = shell.fields([
      ["model", record.model],
      ["name", shell.value(record.name)],
      ["maker", record.maker],
      ["description", record.description],
      record.recall === null
        ? undefined
        : [
            "recalled",
            `${shell.time(record.recall.at)} by ${shell.id(record.recall.by)}: ${shell.value(record.recall.reason)}`,
          ],
    ]);
    const firmware = shell.table(
      ["firmware", "digest"],
      record.firmware.map(({ version, digest }) => [version, shell.value(digest)]),
      "no firmware",
    );
    const verdicts = shell.table(
      ["firmware", "verdict", "until", "lab", "evidence", "at"],
      record.certifications.map(({ firmware, status, until, lab, evidence, at }) => [
        firmware,
        shell.status(status),
        shell.seconds(until),
        shell.id(lab),
        shell.value(evidence),
        shell.time(at),
      ]),
      "not certified",
    );
    return { json: record, text: `${head}\n\n${firmware}\n\n${verdicts}` };
  },
});
