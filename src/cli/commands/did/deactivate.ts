import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const didDeactivate = defineCommand<[did: string], TransactOptions>({
  name: "deactivate",
  summary: "Deactivate a DID for good: none of its keys counts from the next block.",
  arguments: [{ name: "<did>", description: "DID, or name of an identity of the home" }],
  examples: ["hansa did deactivate lamp --as acme"],
  transacts: true,
  run: async (shell, options, did) => {
    return shell.transact([operation("identity.deactivate", { did: await shell.did(did) })], options);
  },
});
