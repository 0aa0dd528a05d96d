import { existsSync } from "node:fs";
import { isHansaError } from "#base";
import { wipe } from "#crypto/node";
import { cometAddress, operation } from "#protocol";
import { createClient, createParty, sendOperations } from "#sdk";
import { openDatabase } from "#storage";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { groupsOfHome, type HomeGroup } from "../../home/facts.ts";
import { knownKeys, ownKeyName, publicKeyOf } from "../../home/own-member.ts";
import { nodeOf } from "../../home/register-node.ts";
import type { Shell } from "../../shell.ts";
import { againIfVotesLacked } from "../../transact-again.ts";

interface Options {
  readonly retire?: boolean;
}

export const groupLeave = defineCommand<[group: string], Options>({
  name: "leave",
  summary:
    "Take a group out of this home. Its data is set aside, not deleted; the member stays one until it is removed by vote.",
  arguments: [{ name: "<group>", description: "name or id" }],
  options: [
    {
      flags: "--retire",
      description:
        "first take the node out on the ledger, through the node at --url; the ledger refuses what would leave no quorum",
    },
  ],
  examples: [
    "hansa group leave main --retire",
    "hansa group leave main --retire --url https://ledger.borea.example:7420",
    "hansa group leave main",
  ],
  async run(shell, { retire }, wanted) {
    const { homeAt, removeGroupEntry, setGroupAside } = await import("#node");
    const home = homeAt(shell.home);
    const found = groupsOfHome(shell.home).find(({ name, id }) => name === wanted || id === wanted);
    const name = found?.name ?? wanted;
    // A request that came to nothing is left, too.
    if (found === undefined && !existsSync(home.group(name).joining))
      throw cliError("cli.group-unknown", `the home has no group ${wanted}`, {
        groups: groupsOfHome(shell.home).map((group) => group.name),
      });
    const retired = retire === true && found !== undefined ? await retireNode(shell, found) : undefined;
    const removed = removeGroupEntry(home, name);
    await requireClosed(shell, home.group(name).ledger, name);
    const aside = setGroupAside(home, name);
    const text = shell.fields([
      ["group", found?.id ?? name],
      retired === undefined ? undefined : ["node", `${shell.id(retired.node)} ${retired.what}`],
      ["configuration", removed ? "taken out" : "was out already"],
      ["data", aside ?? "none"],
    ]);
    return {
      json: { group: name, id: found?.id ?? null, retired: retired ?? null, removed, data: aside ?? null },
      text,
    };
  },
});

async function retireNode(shell: Shell, { name, id, genesis }: HomeGroup) {
  const own = await knownKeys(await shell.keys(), ownKeyName(shell), name);
  if (own === undefined)
    throw cliError("cli.group-unknown", `the home has no node in ${name} that could be retired`, { group: name });
  const node = cometAddress(publicKeyOf(own.node));
  const client = createClient({
    url: shell.client.url,
    group: id,
    signer: createParty(genesis.alliance, own.member),
    now: () => shell.io.now(),
  });
  const known = await nodeOf(client, node, shell.io.signal);
  if (known?.status !== "registered") return { node, what: "was not registered" };
  try {
    await againIfVotesLacked(() =>
      sendOperations(client, [operation("nodes.retire", { node })], { signal: shell.io.signal }),
    );
  } catch (error) {
    if (!isHansaError(error, "transaction.expired") && !isHansaError(error, "sdk.timeout")) throw error;
    throw cliError(
      "cli.retire-unanswered",
      `whether the node ${node} was taken out is not known here`,
      { node },
      error,
    );
  }
  return { node, what: "retired" };
}

/** Refuses while a node has the group's files open: moved under it they would be damaged. */
async function requireClosed(shell: Shell, ledger: string, group: string): Promise<void> {
  if (!existsSync(ledger)) return;
  const key = (await shell.keys()).dataKey(`data/${group}`);
  try {
    openDatabase({ file: ledger, key, readonly: true }).close();
  } catch (error) {
    if (!isHansaError(error, "storage.in-use")) throw error;
    throw cliError(
      "cli.node-running",
      `a node has the group ${group} open; its entry in config.json is gone already`,
      { group },
      error,
    );
  } finally {
    wipe(key);
  }
}
