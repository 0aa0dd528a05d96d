import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const didRemoveService = defineCommand<[did: string, service: string], TransactOptions>({
  name: "remove-service",
  summary: "Take a service from a DID.",
  arguments: [
    { name: "<did>", description: "DID, or name of an identity of the home" },
    { name: "<id>", description: "id of the service" },
  ],
  examples: ["hansa did remove-service acme web"],
  transacts: true,
  run: async (shell, options, did, service) => {
    return shell.transact([operation("identity.removeService", { did: await shell.did(did), service })], options);
  },
});
