import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { parseNodeId } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";
import { transactAgain } from "../../transact-again.ts";

export const nodeRetire = defineCommand<[node: string], TransactOptions>({
  name: "retire",
  summary: "Take your own node out: of consensus, where a quorum remains without it, and of the peers.",
  arguments: [{ name: "<node>", description: "id of the node", parse: parseNodeId }],
  examples: ["hansa node retire 8f2d6a0c4be17390d5a1c2e3f405162738495a6b"],
  transacts: true,
  run: (shell, options, node) => transactAgain(shell, [operation("nodes.retire", { node })], options),
});
