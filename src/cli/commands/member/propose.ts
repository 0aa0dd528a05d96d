import { type MemberChange, operation, type Parameters, type Role, USUAL_POWER } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { readJsonFile } from "../../home/files.ts";
import { isNodeId, parseCount, parseRoles } from "../../parse.ts";
import type { Shell, TransactOptions } from "../../shell.ts";
import { transactAgain } from "../../transact-again.ts";

interface Options extends TransactOptions {
  readonly name?: string;
  readonly roles?: Role[];
  readonly parameters?: string;
  readonly power?: number;
  readonly type?: string;
  readonly reason?: string;
}

const KINDS =
  "admit, roles, suspend, reinstate, remove, parameters, addValidator, removeValidator, recogniseIssuer or derecogniseIssuer";

export const memberPropose = defineCommand<[kind: string, member: string | undefined], Options>({
  name: "propose",
  summary: `Propose a change, to be decided by the members' votes: ${KINDS}.`,
  arguments: [
    { name: "<kind>", description: KINDS },
    { name: "[member]", description: "DID, or name of an identity of the home; for validators, id of the node" },
  ],
  options: [
    { flags: "--name <name>", description: "name of a member to admit" },
    {
      flags: "--roles <roles>",
      description: "platform, maker, lab, regulator; with commas between",
      parse: parseRoles,
    },
    { flags: "--parameters <file>", description: "JSON file with the group's new parameters, whole" },
    { flags: "--power <power>", description: "voting power of a validator; 10 where left out", parse: parseCount },
    { flags: "--type <type>", description: "type of credentials that an issuer is recognised for" },
    { flags: "--reason <text>", description: "why; public, so nothing personal" },
  ],
  examples: [
    "hansa member propose admit did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3 --name Lab1 --roles lab,regulator",
    'hansa member propose suspend acme --reason "key lost"',
    "hansa member propose parameters --parameters parameters.json",
    "hansa member propose recogniseIssuer delphi --type EnergyLabelCredential",
    "hansa member propose addValidator 8f2d6a0c4be17390d5a1c2e3f405162738495a6b --power 10",
  ],
  transacts: true,
  async run(shell, options, kind, member) {
    const change = await changeOf(shell, options, kind, member);
    const { reason } = options;
    return transactAgain(
      shell,
      [operation("members.propose", { change, ...(reason === undefined ? {} : { reason }) })],
      options,
    );
  },
});

async function changeOf(
  shell: Shell,
  { name, roles, parameters, power, type }: Options,
  kind: string,
  member: string | undefined,
): Promise<MemberChange> {
  const missing = (what: string) => cliError("cli.argument", `a proposal of kind ${kind} needs ${what}`, { kind });
  if (kind === "parameters") {
    if (parameters === undefined) throw missing("--parameters FILE");
    // The ledger holds them against their schema.
    return { kind, parameters: readJsonFile(shell.path(parameters)) as unknown as Parameters };
  }
  if (kind === "addValidator" || kind === "removeValidator") {
    if (member === undefined) throw missing("the node's id");
    if (!isNodeId(member))
      throw cliError("cli.argument", `${member} is no id of a node: 40 hexadecimal digits`, { kind });
    return kind === "addValidator" ? { kind, node: member, power: power ?? USUAL_POWER } : { kind, node: member };
  }
  if (kind === "recogniseIssuer" || kind === "derecogniseIssuer") {
    if (member === undefined) throw missing("the issuer's DID");
    if (type === undefined) throw missing("--type");
    return { kind, issuer: await shell.did(member), type };
  }
  if (kind !== "admit" && kind !== "roles" && kind !== "suspend" && kind !== "reinstate" && kind !== "remove")
    throw cliError("cli.argument", `${kind} is no kind of proposal: ${KINDS}`, { kind });
  if (member === undefined) throw missing("the member's DID");
  const did = await shell.did(member);
  if (kind === "suspend" || kind === "reinstate" || kind === "remove") return { kind, member: did };
  if (roles === undefined) throw missing("--roles");
  if (kind === "roles") return { kind, member: did, roles };
  if (name === undefined) throw missing("--name");
  return { kind, member: did, name, roles };
}
