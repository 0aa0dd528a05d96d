import { existsSync } from "node:fs";
import { digestOf, operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { readJsonFile } from "../../home/files.ts";
import type { TransactOptions } from "../../shell.ts";

interface Options extends TransactOptions {
  readonly name: string;
  readonly description: string;
}

export const modelDefine = defineCommand<[model: string], Options>({
  name: "define",
  summary: "Define a model, as its maker.",
  arguments: [{ name: "<model>", description: "<vendor id>/<product id>" }],
  options: [
    { flags: "--name <label>", description: "what people call it", required: true },
    {
      flags: "--description <digest>",
      description: "its Thing Description: a JSON file, or the digest of its canonical form",
      required: true,
    },
  ],
  examples: ["hansa model define acme/T1 --name Thermometer --description t1.td.json --as acme"],
  transacts: true,
  async run(shell, options, model) {
    const path = shell.path(options.description);
    const isFile = existsSync(path) || !/^[A-Za-z0-9_-]{43}$/.test(options.description);
    const description = isFile ? digestOf(readJsonFile(path)) : options.description;
    return shell.transact([operation("devices.defineModel", { model, name: options.name, description })], options);
  },
});
