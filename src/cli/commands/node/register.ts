import { encodeBase64Url } from "#base";
import { encodeMultikey } from "#crypto";
import { nodeProofInput, operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { groupsOfHome, type HomeGroup } from "../../home/facts.ts";
import { knownKeys, ownKeyName, publicKeyOf } from "../../home/own-member.ts";
import { parseAddress, parseEndpoint } from "../../parse.ts";
import type { Shell, TransactOptions } from "../../shell.ts";

export const nodeRegister = defineCommand<[address: string], TransactOptions & { endpoint?: string }>({
  name: "register",
  summary: "Make this home's node known in a group: peers admit it from the next block on. It does not vote yet.",
  arguments: [{ name: "<address>", description: "host:port where other members' nodes reach it", parse: parseAddress }],
  options: [
    { flags: "--endpoint <url>", description: "where its HTTP API is, if others may know", parse: parseEndpoint },
  ],
  examples: ["hansa node register ledger.acme.example:7422 --endpoint https://ledger.acme.example:7420"],
  transacts: true,
  async run(shell, options, address) {
    // From the home's genesis, not from the node that is asked: what is signed counts for this group.
    const { id, name } = groupOfHome(shell);
    const own = await knownKeys(await shell.keys(), ownKeyName(shell), name);
    if (own === undefined)
      throw cliError("cli.argument", `this home has no node's keys for the group ${name}`, { group: name });
    const { did } = await shell.party();
    const node = encodeMultikey(publicKeyOf(own.node));
    const register = operation("nodes.register", {
      node,
      key: encodeMultikey(publicKeyOf(own.voting)),
      address,
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      proof: encodeBase64Url(own.voting.sign(nodeProofInput(id, did, node))),
    });
    return shell.transact([register], options);
  },
});

function groupOfHome(shell: Shell): HomeGroup {
  const groups = groupsOfHome(shell.home);
  const wanted = shell.localGroup;
  const fitting = wanted === undefined ? groups : groups.filter(({ name }) => name === wanted);
  const [only] = fitting;
  if (only === undefined || fitting.length > 1)
    throw cliError(
      "cli.argument",
      `which group of ${shell.home}? --group names one of ${groups.map(({ name }) => name).join(", ") || "none"}`,
      { groups: groups.map(({ name }) => name) },
    );
  return only;
}
