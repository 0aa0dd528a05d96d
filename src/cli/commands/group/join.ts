import { existsSync, mkdirSync } from "node:fs";
import { wipe } from "#crypto/node";
import type { Home } from "#node";
import { type CheckedFounding, cometAddress, didOf, protocolError, requireApproved } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { groupsOfHome } from "../../home/facts.ts";
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
  readonly state?: string;
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
    {
      flags: "--state <file>",
      description: "of a group that goes on from another one: the state file that it was founded with",
    },
  ],
  examples: [
    "hansa group join founding.json",
    "hansa group join founding.json --listen 0.0.0.0:7422",
    "hansa group join founding.json --state state.hansa",
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

async function joinFounded(shell: Shell, { via, address, endpoint, listen, state }: Options, file: string) {
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
  const goesOn = await inherit(shell, checked, state);
  const installed = installGroup({
    home,
    founding: checked,
    member,
    address: joining.node.address,
    ...listenAt(listen),
  });
  const old = goesOn === undefined ? undefined : endOld(home, goesOn, await import("#node"));
  rememberMember(shell, member, joining.member.did, own.member);
  const node = cometAddress(publicKeyOf(own.node));
  const text = shell.fields([
    ["group", checked.groupId],
    ["member", joining.member.name],
    ["node", `${shell.id(node)} at ${joining.node.address}`],
    goesOn === undefined ? undefined : ["goes on from", `${goesOn.group} at height ${goesOn.height}`],
    old === undefined ? undefined : ["old group", `${old} is served no more; its files stay`],
    goesOn?.events === true ? ["topic logs", "brought along"] : undefined,
  ]);
  const next = "Start the node with: hansa up. The group begins once more than two thirds of the validators are up.";
  return {
    json: {
      ...installed,
      group,
      did: joining.member.did,
      node,
      address: joining.node.address,
      ...(goesOn === undefined ? {} : { from: { ...goesOn, ended: old ?? null } }),
    },
    text: `${text}\n${shell.paint("dim", next)}`,
  };
}

/** Brings what the group goes on from into the home, before the group itself: a node that starts meanwhile finds all or nothing. */
async function inherit(shell: Shell, { founding }: CheckedFounding, state: string | undefined) {
  const { from, group } = founding.genesis;
  if (from === undefined) {
    if (state !== undefined) throw cliError("cli.argument", "the group begins with nothing: --state has no meaning");
    return undefined;
  }
  if (state === undefined)
    throw protocolError("founding.state-needed", `the first block is made of the records of ${from.group}`, {
      ...from,
    });
  const { bringEvents, homeAt, installInherited, openStateFile } = await import("#node");
  const home = homeAt(shell.home);
  const path = shell.path(state);
  if (!existsSync(path)) throw cliError("cli.file-missing", `${path} cannot be read: there is no such file`, { path });
  mkdirSync(home.group(group).folder, { recursive: true, mode: 0o700 });
  const keys = await shell.keys();
  const key = keys.dataKey(`data/${group}`);
  try {
    installInherited(home.group(group), key, from, openStateFile(path));
  } finally {
    wipe(key);
  }
  const old = groupsOfHome(shell.home).find(({ id }) => id === from.group)?.name;
  const events = old === undefined ? false : await bringEvents(home, old, group, keys);
  return { ...from, old, events };
}

/** A member votes in one of both: were it to go on in the old group, too, that one might come back to life beside the new one. */
function endOld(
  home: Home,
  { old }: { readonly old: string | undefined },
  { removeGroupEntry }: Pick<typeof import("#node"), "removeGroupEntry">,
): string | undefined {
  return old !== undefined && removeGroupEntry(home, old) ? old : undefined;
}

async function joinRunning(shell: Shell, { via, address, endpoint, listen, state }: Options, file: string) {
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
    // Without the file the node wants a peer that has a snapshot.
    const goesOn = state === undefined ? undefined : await inherit(shell, checked, state);
    const installed = installGroup({ home, founding: checked, member, address, peers, ...listenAt(listen) });
    if (goesOn !== undefined) endOld(home, goesOn, await import("#node"));
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
