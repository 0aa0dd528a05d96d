import { existsSync, mkdirSync } from "node:fs";
import { ALLIANCE_PATTERN, cometAddress, decodeJoining, type Role, signJoining } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { replaceFile, writeNewFile } from "../../home/files.ts";
import { ownKeyName, publicKeyOf, rememberMember, withOwnKeys } from "../../home/own-member.ts";
import { parseAddress, parseDuration, parseEndpoint, parseGroupName, parseRoles } from "../../parse.ts";

interface Options {
  readonly alliance: string;
  readonly name: string;
  readonly roles: Role[];
  readonly address?: string;
  readonly endpoint?: string;
  readonly valid: number;
  readonly out?: string;
}

export const groupRequest = defineCommand<[], Options>({
  name: "request",
  summary:
    "Ask to found a group: makes this member's keys and a joining file for the others. No secret leaves the home.",
  options: [
    { flags: "--alliance <name>", description: "name of the alliance", parse: parseGroupName, required: true },
    { flags: "--name <name>", description: "what people call the member", required: true },
    {
      flags: "--roles <roles>",
      description: "platform, maker, lab, regulator; with commas between",
      parse: parseRoles,
      required: true,
    },
    {
      flags: "--address <host:port>",
      description: "where other members' nodes reach this one; left out by a member that founds without a node",
      parse: parseAddress,
    },
    { flags: "--endpoint <url>", description: "where its HTTP API is, if others may know", parse: parseEndpoint },
    { flags: "--valid <time>", description: "how long others may found with it (14d)", parse: parseDuration },
    { flags: "--out <file>", description: "joining file to write (- for standard output; else <name>.joining.jws)" },
  ],
  examples: [
    'hansa group request --alliance hanse --group main --name "Acme Ltd." --roles platform --address ledger.acme.example:7422',
    "hansa group request --alliance hanse --group main --name Lab1 --roles lab,regulator --address 10.0.0.7:7422 --endpoint https://10.0.0.7:7420 --out lab1.jws",
  ],
  async run(shell, options) {
    const group = groupOf(shell.globals.group);
    const { groupKeys, homeAt } = await import("#node");
    const files = homeAt(shell.home).group(group);
    if (existsSync(files.genesis)) throw cliError("cli.argument", `the home is in a group ${group} already`, { group });
    const file = options.out ?? `${fileNameOf(options.name)}.joining.jws`;
    if (file !== "-" && existsSync(shell.path(file)))
      throw cliError("cli.file-exists", `${shell.path(file)} exists already`, { path: shell.path(file) });
    const member = ownKeyName(shell);
    return withOwnKeys(shell, (keys) => {
      const own = groupKeys(keys, member, group);
      const token = signJoining({ ...options, seconds: options.valid ?? 14 * 86_400, group, now: shell.io.now() }, own);
      const joining = decodeJoining(token);
      const { did } = joining.member;
      rememberMember(shell, member, did, own.member);
      // What the home said last: only that will it sign.
      mkdirSync(files.folder, { recursive: true, mode: 0o700 });
      replaceFile(files.joining, `${token}\n`, 0o600);
      if (file !== "-") writeNewFile(shell.path(file), `${token}\n`);
      const node = joining.node === undefined ? null : cometAddress(publicKeyOf(own.node));
      const text = shell.fields([
        ["member", options.name],
        ["did", shell.id(did)],
        ["node", node === null ? "none" : `${shell.id(node)} at ${options.address}`],
        ["valid until", shell.seconds(joining.exp)],
        ["joining file", file],
      ]);
      const next = "Hand it to whoever puts the founding file together, with: hansa group create <all joining files>";
      return {
        json: { file, did, node, address: options.address ?? null, exp: joining.exp, joining: token },
        text: file === "-" ? token : `${text}\n${shell.paint("dim", next)}`,
      };
    });
  },
});

/** `--group` is everybody's option, so it is looked at here. */
function groupOf(text: string | undefined): string {
  if (text !== undefined && text.length <= 32 && new RegExp(ALLIANCE_PATTERN).test(text)) return text;
  throw cliError("cli.argument", "--group wants the new group's name: 1 to 32 lower-case letters, digits and dashes");
}

/** A file name out of what people call the member. */
function fileNameOf(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return plain === "" ? "member" : plain.slice(0, 60);
}
