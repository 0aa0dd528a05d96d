import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const didSetControllers = defineCommand<[did: string, others: readonly string[]], TransactOptions>({
  name: "set-controllers",
  summary: "Say who else may change a DID; with nobody, the subject alone.",
  arguments: [
    { name: "<did>", description: "DID, or name of an identity of the home" },
    { name: "[controllers...]", description: "DIDs or names" },
  ],
  examples: ["hansa did set-controllers lamp acme", "hansa did set-controllers lamp"],
  transacts: true,
  run: async (shell, options, did, others) => {
    return shell.transact(
      [
        operation("identity.setControllers", {
          did: await shell.did(did),
          controllers: await Promise.all(others.map((other) => shell.did(other))),
        }),
      ],
      options,
    );
  },
});
