import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceQuarantine = defineCommand<[device: string], TransactOptions & { reason: string }>({
  name: "quarantine",
  summary: "Cut a device off until it is released.",
  arguments: [{ name: "<device>", description: "DID of the device, or name of an identity of the home" }],
  options: [{ flags: "--reason <text>", description: "why; public, so nothing personal", required: true }],
  examples: ['hansa device quarantine lamp --reason "talks to strangers"'],
  transacts: true,
  run: async (shell, options, device) => {
    return shell.transact(
      [operation("devices.quarantine", { device: await shell.did(device), reason: options.reason })],
      options,
    );
  },
});
