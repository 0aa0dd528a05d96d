import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceRootRemove = defineCommand<[key: string], TransactOptions>({
  name: "remove",
  summary: "Remove a maker's root key: no certificate of it counts from now on.",
  arguments: [{ name: "<key>", description: "name of a key of the home, or a Multikey" }],
  examples: ["hansa device root remove line-2 --as acme"],
  transacts: true,
  run: async (shell, options, key) => {
    return shell.transact([operation("devices.removeRoot", { root: await shell.multikey(key) })], options);
  },
});
