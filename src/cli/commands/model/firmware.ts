import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const modelFirmware = defineCommand<[model: string, version: string, digest: string], TransactOptions>({
  name: "firmware",
  summary: "Add a firmware version of a model.",
  arguments: [
    { name: "<model>", description: "<vendor id>/<product id>" },
    { name: "<version>", description: "version of the firmware" },
    { name: "<digest>", description: "SHA-256 in base64url, or the firmware file" },
  ],
  examples: ["hansa model firmware acme/T1 1.0.3 ./t1-1.0.3.bin --as acme"],
  transacts: true,
  run: async (shell, options, model, version, digest) => {
    return shell.transact(
      [operation("devices.addFirmware", { model, version, digest: shell.digest(digest) })],
      options,
    );
  },
});
