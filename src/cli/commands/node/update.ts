import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { parseAddress, parseEndpoint, parseNodeId } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

interface Options extends TransactOptions {
  readonly address?: string;
  readonly endpoint?: string | false;
}

export const nodeUpdate = defineCommand<[node: string], Options>({
  name: "update",
  summary: "Change where your own node is reached.",
  arguments: [{ name: "<node>", description: "id of the node", parse: parseNodeId }],
  options: [
    { flags: "--address <host:port>", description: "where other members' nodes reach it", parse: parseAddress },
    { flags: "--endpoint <url>", description: "where its HTTP API is", parse: parseEndpoint },
    { flags: "--no-endpoint", description: "its HTTP API is not for others any more" },
  ],
  examples: [
    "hansa node update 8f2d6a0c4be17390d5a1c2e3f405162738495a6b --address ledger2.acme.example:7422",
    "hansa node update 8f2d6a0c4be17390d5a1c2e3f405162738495a6b --no-endpoint",
  ],
  transacts: true,
  async run(shell, options, node) {
    const { address, endpoint } = options;
    if (address === undefined && typeof endpoint !== "string" && endpoint !== false)
      throw cliError("cli.argument", "nothing to change: --address, --endpoint or --no-endpoint", { node });
    const update = operation("nodes.update", {
      node,
      ...(address === undefined ? {} : { address }),
      ...(endpoint === false ? { endpoint: null } : {}),
      ...(typeof endpoint === "string" ? { endpoint } : {}),
    });
    return shell.transact([update], options);
  },
});
