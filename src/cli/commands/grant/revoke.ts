import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const grantRevoke = defineCommand<[grant: string], TransactOptions & { reason?: string }>({
  name: "revoke",
  summary: "End a grant and all that was handed on under it, from the next block on.",
  arguments: [{ name: "<grant>", description: "id of the grant" }],
  options: [{ flags: "--reason <text>", description: "why; public, so nothing personal" }],
  examples: ["hansa grant revoke 3q2-7wAAAAAAAAAAAAAAAA --as anna"],
  transacts: true,
  run: async (shell, options, grant) => {
    return shell.transact(
      [operation("grants.revoke", { grant, ...(options.reason === undefined ? {} : { reason: options.reason }) })],
      options,
    );
  },
});
