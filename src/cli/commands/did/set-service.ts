import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const didSetService = defineCommand<[did: string, id: string, type: string, endpoint: string], TransactOptions>({
  name: "set-service",
  summary: "Add a service to a DID, or replace the one of that id.",
  arguments: [
    { name: "<did>", description: "DID, or name of an identity of the home" },
    { name: "<id>", description: "id of the service" },
    { name: "<type>", description: "its type" },
    { name: "<uri>", description: "where it is" },
  ],
  examples: ["hansa did set-service acme web LinkedDomains https://acme.example"],
  transacts: true,
  run: async (shell, options, did, id, type, endpoint) => {
    return shell.transact(
      [operation("identity.setService", { did: await shell.did(did), service: { id, type, endpoint } })],
      options,
    );
  },
});
