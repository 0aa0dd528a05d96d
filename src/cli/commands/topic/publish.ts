import { type Json, parseJson } from "#base";
import { publishEvent } from "#sdk";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { readBytes } from "../../home/files.ts";
import type { Shell } from "../../shell.ts";

interface Options {
  readonly path?: string;
  readonly file?: string;
  readonly text?: boolean;
}

export const topicPublish = defineCommand<[topic: string, data: string | undefined], Options>({
  name: "publish",
  summary: "Publish one event; answers its offset once it is durable.",
  arguments: [
    { name: "<topic>", description: "name of the topic" },
    { name: "[data]", description: "JSON (- for standard input)" },
  ],
  options: [
    { flags: "--path <path>", description: "below the topic" },
    { flags: "--text", description: "take the data as a text, not as JSON" },
    { flags: "--file <file>", description: "publish a file's bytes" },
  ],
  examples: [
    `hansa topic publish acme/notes '{"door":"open"}' --as acme`,
    'hansa topic publish acme/notes --text "door open"',
  ],
  async run(shell, options, topic, data) {
    const client = await shell.signingClient();
    const args = { topic, path: options.path, data: await readData(shell, options, data) };
    const { offset } = await publishEvent(client, args, { signal: shell.io.signal });
    return { json: { topic, offset }, text: `${topic} ${offset}` };
  },
});

async function readData(shell: Shell, { file, text }: Options, data: string | undefined): Promise<Json | Uint8Array> {
  if ((file === undefined) === (data === undefined))
    throw cliError("cli.argument", "either data or --file is wanted, and not both");
  if (file !== undefined) return readBytes(shell.path(file), 16 * 1024 * 1024);
  const given = data === "-" ? await shell.readText("-") : (data as string);
  if (text === true) return given;
  try {
    return parseJson(given, { depth: 64, integers: false });
  } catch (error) {
    throw cliError("cli.argument", "the data is not JSON; --text takes it as a text", {}, error);
  }
}
