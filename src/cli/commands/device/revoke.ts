import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceRevoke = defineCommand<[device: string], TransactOptions & { reason: string }>({
  name: "revoke",
  summary: "Revoke a device for good.",
  arguments: [{ name: "<device>", description: "DID of the device, or name of an identity of the home" }],
  options: [{ flags: "--reason <text>", description: "why; public, so nothing personal", required: true }],
  examples: ["hansa device revoke lamp --reason stolen"],
  transacts: true,
  run: async (shell, options, device) => {
    return shell.transact(
      [operation("devices.revoke", { device: await shell.did(device), reason: options.reason })],
      options,
    );
  },
});
