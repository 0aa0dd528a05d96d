import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceRootAdd = defineCommand<[key: string], TransactOptions & { name: string }>({
  name: "add",
  summary: "Register a maker's root key: what signs device certificates.",
  arguments: [{ name: "<key>", description: "name of a key of the home, or a Multikey" }],
  options: [{ flags: "--name <label>", description: "what to call it", required: true }],
  examples: ['hansa device root add line-2 --name "Line 2" --as acme'],
  transacts: true,
  run: async (shell, options, key) => {
    return shell.transact(
      [operation("devices.addRoot", { root: await shell.multikey(key), name: options.name })],
      options,
    );
  },
});
