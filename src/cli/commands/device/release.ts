import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceRelease = defineCommand<[device: string], TransactOptions>({
  name: "release",
  summary: "Let a device out of quarantine.",
  arguments: [{ name: "<device>", description: "DID of the device, or name of an identity of the home" }],
  examples: ["hansa device release lamp"],
  transacts: true,
  run: async (shell, options, device) => {
    return shell.transact([operation("devices.release", { device: await shell.did(device) })], options);
  },
});
