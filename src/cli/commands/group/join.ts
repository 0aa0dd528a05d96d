import { existsSync } from "node:fs";
import { cometAddress, didOf, requireApproved } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { readFounding, readSmallText } from "../../home/founding-files.ts";
import { knownKeys, ownJoining, ownKeyName, publicKeyOf, rememberMember, withOwnKeys } from "../../home/own-member.ts";
import { registerNode } from "../../home/register-node.ts";
import { parseAddress, parseEndpoint } from "../../parse.ts";
import type { Shell } from "../../shell.ts";

interface Options {
  readonly running?: boolean;
  readonly via?: string;
  readonly address?: string;
  readonly endpoint?: string;
  readonly listen?: string;
}

export const groupJoin = defineCommand<[file: string], Options>({
  name: "join",
  summary: "Take a founded group into this home, so that `hansa up` runs it. May be repeated.",
  arguments: [{ name: "<file>", description: "founding file that all founders have signed" }],
  options: [
    { flags: "--running", description: "the group runs already, and this home's node is a further one" },
    { flags: "--via <url>", description: "with --running: node of another member, which takes the registration" },
    { flags: "--address <host:port>", description: "with --running: where peers reach this node", parse: parseAddress },
    {
      flags: "--endpoint <url>",
      description: "with --running: where its HTTP API is, if others may know",
      parse: parseEndpoint,
    },
    {
      flags: "--listen <host:port>",
      description: "where the node listens for peers, if that does not follow from its address",
      parse: parseAddress,
    },
  ],
  examples: [
    "hansa group join founding.json",
    "hansa group join founding.json --listen 0.0.0.0:7422",
    "hansa group join founding.json --running --address ledger.echo.example:7422 --via https://ledger.acme.example:7420",
  ],
  run: (shell, options, file) =>
    options.running === true ? joinRunning(shell, options, file) : joinFounded(shell, options, file),
});

function listenAt(text: string | undefined) {
  if (text === undefined) return {};
  const cut = text.lastIndexOf(":");
  return { listen: { host: text.slice(0, cut).replace(/^\[|\]$/g, ""), port: Number(text.slice(cut + 1)) } };
}

async function joinFounded(shell: Shell, { via, address, endpoint, listen }: Options, file: string) {
  if (via !== undefined || address !== undefined || endpoint !== undefined)
    throw cliError(
      "cli.argument",
      "--via, --address and --endpoint go with --running: founders said theirs in the joining file",
    );
  const { homeAt, installGroup } = await import("#node");
  const checked = readFounding(shell, file);
  requireApproved(checked);
  const home = homeAt(shell.home);
  const member = ownKeyName(shell);
  const { group } = checked.founding.genesis;
  const files = home.group(group);
  const request = existsSync(files.joining) ? readSmallText(files.joining).trim() : undefined;
  const { joining, own } = ownJoining(checked, await knownKeys(await shell.keys(), member, group), request);
  if (joining.node === undefined)
    throw cliError("cli.not-founder", `${joining.member.name} founded without a node`, { member: joining.member.did });
  const installed = installGroup({
    home,
    founding: checked,
    member,
    address: joining.node.address,
    ...listenAt(listen),
  });
  rememberMember(shell, member, joining.member.did, own.member);
  const node = cometAddress(publicKeyOf(own.node));
  const text = shell.fields([
    ["group", checked.groupId],
    ["member", joining.member.name],
    ["node", `${shell.id(node)} at ${joining.node.address}`],
  ]);
  const next = "Start the node with: hansa up. The group begins once more than two thirds of the validators are up.";
  return {
    json: { ...installed, group, did: joining.member.did, node, address: joining.node.address },
    text: `${text}\n${shell.paint("dim", next)}`,
  };
}

async function joinRunning(shell: Shell, { via, address, endpoint, listen }: Options, file: string) {
  const url = via ?? shell.globals.url;
  if (url === undefined || address === undefined)
    throw cliError(
      "cli.argument",
      "--running wants --address HOST:PORT of this node and --via URL of another member's",
    );
  const { groupKeys, homeAt, installGroup } = await import("#node");
  const checked = readFounding(shell, file);
  requireApproved(checked);
  const { alliance, group } = checked.founding.genesis;
  const home = homeAt(shell.home);
  const member = ownKeyName(shell);
  return withOwnKeys(shell, async (keys) => {
    const own = groupKeys(keys, member, group);
    const did = didOf(alliance, publicKeyOf(own.member));
    rememberMember(shell, member, did, own.member);
    // First the ledger, then the home: a node that is not on the ledger would find no peer.
    const {
      node,
      did: what,
      peers,
    } = await registerNode({
      url,
      groupId: checked.groupId,
      alliance,
      own,
      address,
      endpoint,
      now: () => shell.io.now(),
      signal: shell.io.signal,
    });
    const installed = installGroup({ home, founding: checked, member, address, peers, ...listenAt(listen) });
    const text = shell.fields([
      ["group", checked.groupId],
      ["member", shell.id(did)],
      ["node", `${node} at ${address}`],
      ["ledger", what],
    ]);
    const steps = [
      "Next:",
      "  1. hansa up    the node fetches what the group has, and says on the ledger by itself when it has caught up",
      `  2. hansa node show ${node}    says at which height it was ready`,
      `  3. where it is to vote, a member proposes it and others approve: hansa member propose addValidator ${node}`,
    ];
    return {
      json: { ...installed, group, did, node, address, ledger: what },
      text: `${text}\n\n${shell.paint("dim", steps.join("\n"))}`,
    };
  });
}
