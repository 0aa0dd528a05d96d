import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceTransfer = defineCommand<[device: string, to: string], TransactOptions>({
  name: "transfer",
  summary: "Give a device a new owner; both owners sign.",
  arguments: [
    { name: "<device>", description: "DID of the device, or name of an identity of the home" },
    { name: "<owner>", description: "DID or name of the new owner" },
  ],
  examples: [
    "hansa device transfer lamp bob --as alice --also bob",
    "hansa device transfer lamp bob --as alice --valid 110s --out transfer.jws",
  ],
  transacts: true,
  run: async (shell, options, device, to) => {
    return shell.transact(
      [operation("devices.transfer", { device: await shell.did(device), to: await shell.did(to) })],
      options,
    );
  },
});
