import type { Json } from "#base";
import { decodeMultikey } from "#crypto";
import type { Parameters, Role } from "#protocol";
import { defineCommand } from "../command.ts";
import { cliError } from "../errors.ts";
import { groupsOfHome } from "../home/facts.ts";
import { readJsonFile } from "../home/files.ts";
import { saveIdentity } from "../home/identities.ts";
import { parseRoles } from "../parse.ts";

interface Options {
  readonly alliance?: string;
  readonly groupName?: string;
  readonly name?: string;
  readonly label?: string;
  readonly roles?: Role[];
  readonly founding?: string;
}

/** What a founding file says; the node holds it against its schema. */
interface Founding {
  readonly alliance?: string;
  readonly group?: string;
  readonly members: readonly { readonly name: string; readonly label?: string; readonly roles: readonly Role[] }[];
  readonly parameters?: Partial<Parameters>;
}

export const init = defineCommand<[], Options>({
  name: "init",
  summary: "Set up a home: key file with the members' and the node's keys, configuration, and a group's genesis.",
  options: [
    { flags: "--alliance <name>", description: "name of the alliance (hanse)" },
    { flags: "--group-name <name>", description: "name of the group (main)" },
    { flags: "--name <name>", description: "name of the member and of its key (member)" },
    { flags: "--label <label>", description: "what people call the member, where that is longer" },
    {
      flags: "--roles <roles>",
      description: "platform, maker, lab, regulator; with commas between",
      parse: parseRoles,
    },
    {
      flags: "--founding <file>",
      description: "JSON with several members: { members: [{ name, label, roles }], alliance, group, parameters }",
    },
  ],
  examples: [
    "hansa init --name acme --roles platform,maker",
    'HANSA_PASSPHRASE=… hansa init --name acme --label "Acme Ltd." --roles platform --home ./acme',
    "hansa init --founding founding.json",
  ],
  async run(shell, options) {
    const { initHome } = await import("#node");
    const founding = foundingOf(options, options.founding && readJsonFile(shell.path(options.founding)));
    const made = await initHome({
      folder: shell.home,
      passphrase: await shell.passphrase(true),
      alliance: founding.alliance ?? "hanse",
      group: founding.group ?? "main",
      members: founding.members,
      now: shell.io.now(),
      ...(founding.parameters === undefined ? {} : { parameters: founding.parameters }),
    });
    const founders = groupsOfHome(shell.home).flatMap(({ genesis }) => genesis.members);
    for (const { name, did } of made.members) {
      const publicKey = founders.find((member) => member.did === did)?.publicKey ?? "";
      const key = decodeMultikey(publicKey);
      if (key !== undefined) saveIdentity(shell.home, name, { did, key: name, algorithm: key.algorithm, publicKey });
    }
    const text = shell.fields([
      ["home", made.folder],
      ["group", made.groupId],
      ...made.members.map(({ name, did }) => [name, did] as const),
    ]);
    return { json: made, text: `${text}\n${shell.paint("dim", "Start the node with: hansa up")}` };
  },
});

function foundingOf(options: Options, file: Json | undefined | ""): Founding {
  const { alliance, groupName, name, label, roles } = options;
  const named = {
    ...(alliance === undefined ? {} : { alliance }),
    ...(groupName === undefined ? {} : { group: groupName }),
  };
  if (file === undefined || file === "") {
    const member = { name: name ?? "member", roles: roles ?? ["platform"], ...(label === undefined ? {} : { label }) };
    return { ...named, members: [member] };
  }
  if (name !== undefined || label !== undefined || roles !== undefined)
    throw cliError("cli.argument", "a founding file names the members: leave --name, --label and --roles out");
  const founding = file as unknown as Partial<Founding> | null;
  const members = founding?.members;
  const fits =
    Array.isArray(members) &&
    members.length > 0 &&
    members.every((member) => typeof member?.name === "string" && Array.isArray(member.roles));
  if (!fits)
    throw cliError("cli.file-malformed", "a founding file holds { members: [{ name, label, roles }] }", {
      path: options.founding,
    });
  return { ...founding, ...named, members };
}
