import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const didRemoveKey = defineCommand<[did: string, key: string], TransactOptions>({
  name: "remove-key",
  summary: "Take a key from a DID.",
  arguments: [
    { name: "<did>", description: "DID, or name of an identity of the home" },
    { name: "<key>", description: "fingerprint of the key" },
  ],
  examples: ["hansa did remove-key acme 3QJmV3qfvL9SuYo34YihAf3sRCW3"],
  transacts: true,
  run: async (shell, options, did, key) => {
    return shell.transact([operation("identity.removeKey", { did: await shell.did(did), key })], options);
  },
});
